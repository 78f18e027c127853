// Clients that misbehave, are slow, leave early or are somebody else's: each loses its own connection at
// most.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <thread>

#include "daemon/io/before_wait.h"
#include "tests/integration/io/control_fixture.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;

namespace {

std::string request(std::string method, Json args, std::string id = "1") {
    return ipc::encode(ipc::Request{std::move(method), std::move(args), std::move(id)});
}

bool is_closed(const UniqueFd& client) {
    std::string rest;
    return !read_raw(client, rest);
}

}  // namespace

TEST_CASE("control clients: a request in single bytes is a request", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    for (const char byte : request("echo", Json::array({7}))) {
        write_raw(client, {&byte, 1});
        fixture.loop.run_ready();
    }
    std::string got;
    CHECK(
        fixture.until([&] { return read_raw(client, got) && got == ipc::encode(ipc::value_reply("1", 7)); }));
}

TEST_CASE("control clients: garbage, too much and no id close that connection only", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve({.max_request = 1000});
    const UniqueFd good = connect_raw(fixture.home.rpc_socket());
    const std::vector<std::string> bad{"GET / HTTP/1.1\r\n\r\n", "\x10", std::string("\x12\0\0\x10\0", 5),
                                       ipc::encode_frame({{ipc::text_arg("x")}})};
    for (std::size_t i = 0; i < bad.size(); ++i) {
        const UniqueFd client = connect_raw(fixture.home.rpc_socket());
        write_raw(client, bad[i]);
        CHECK(fixture.until([&] { return is_closed(client); }));
        CHECK(fixture.notices.size() == i + 1);
    }
    CHECK(fixture.notices[0].starts_with("disconnected a client: cannot read a frame"));
    std::string got;
    write_raw(good, request("echo", Json::array({1})));
    CHECK(fixture.until([&] { return read_raw(good, got) && got == ipc::encode(ipc::value_reply("1", 1)); }));
}

TEST_CASE("control clients: one that leaves before the reply leaves nothing behind", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    UniqueFd client = connect_raw(fixture.home.rpc_socket());
    write_raw(client, request("later", Json::array()));
    CHECK(fixture.until([&] { return !fixture.held.empty(); }));
    client.reset();
    CHECK(fixture.until([&] { return fixture.server->clients() == 0; }));
    CHECK_FALSE(fixture.held[0].is_wanted());
    fixture.held[0].value(1);
    fixture.server.reset();
    fixture.held[0].value(2);
}

TEST_CASE("control clients: one that does not read its replies is disconnected", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve({.max_replies_queued = 1'000'000});
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    const std::string asked = request("echo", Json::array({std::string(50'000, 'x')}));
    CHECK(fixture.until([&] {
        ::send(client.get(), asked.data(), asked.size(), MSG_NOSIGNAL);
        return fixture.seen["echo"] > 0 && fixture.server->clients() == 0;
    }));
    CHECK(fixture.notices == std::vector<std::string>{"disconnected a client: it does not read its replies"});
}

TEST_CASE("control clients: too many open requests wait in the client's socket", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve({.max_requests_open = 3});
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    std::string asked;
    for (int i = 0; i < 10; ++i) asked += request("later", Json::array(), std::to_string(i));
    write_raw(client, asked);
    CHECK(fixture.until([&] { return fixture.held.size() == 3; }));
    for (int i = 0; i < 10; ++i) fixture.loop.run_ready();
    CHECK(fixture.held.size() == 3);
    std::string got;
    for (int i = 0; i < 10; ++i) {
        CHECK(fixture.until([&] { return !fixture.held.empty(); }));
        fixture.held[0].value(i);
        fixture.held.erase(fixture.held.begin());
    }
    CHECK(fixture.seen["later"] == 10);
    const std::string last = ipc::encode(ipc::value_reply("9", 9));
    CHECK(fixture.until([&] { return read_raw(client, got) && got.ends_with(last); }));
}

TEST_CASE("control clients: the end waits for who reads, and sleeps meanwhile", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    write_raw(client, request("later", Json::array()));
    REQUIRE(fixture.until([&] { return fixture.held.size() == 1; }));
    int turns = 0;
    const BeforeWait count(fixture.loop, [&turns] { ++turns; });
    fixture.held[0].value(std::string(std::size_t{8} << 20, 'x'));
    REQUIRE(fixture.server->queued() > 0);
    fixture.server->deliver_replies(100ms);
    CHECK(fixture.server->queued() > 0);
    CHECK(turns < 20);
    std::string got;
    std::thread reader([&] {
        while (got.size() < std::size_t{8} << 20 && read_raw(client, got)) std::this_thread::yield();
    });
    fixture.server->deliver_replies(20s);
    reader.join();
    CHECK(fixture.server->queued() == 0);

    // A follower that reads nothing is not waited for.
    const UniqueFd follower = connect_raw(fixture.home.pub_socket());
    REQUIRE(fixture.until([&] { return fixture.server->has_subscribers(); }));
    while (fixture.server->queued() == 0) fixture.server->publish("t", std::string(100'000, 'x'));
    turns = 0;
    fixture.server->deliver_replies(20s);
    CHECK(turns == 0);
}

TEST_CASE("control clients: a slow subscriber loses events, is told how many, and holds up nobody",
          "[integration][io]") {
    ControlFixture fixture;
    fixture.serve({.max_events_queued = 100'000});
    Result<ipc::Subscriber> slow = ipc::Subscriber::connect(fixture.home);
    Result<ipc::Subscriber> quick = ipc::Subscriber::connect(fixture.home);
    REQUIRE((slow && quick));
    CHECK(fixture.until([&] { return fixture.server->clients() == 2; }));
    constexpr int kEvents = 1000;
    for (int i = 0; i < kEvents; ++i) {
        fixture.server->publish("t", {{"number", i}, {"fill", std::string(2000, 'x')}});
        const auto event = quick->next(5s);
        REQUIRE((event && *event));
        CHECK((*event)->payload["number"] == i);
    }
    CHECK(fixture.server->queued() <= 100'000 + 2100);
    int got = 0, last = -1, dropped = 0;
    CHECK(fixture.until([&] {
        while (true) {
            const auto event = slow->next();
            REQUIRE(event);
            if (!*event) return dropped > 0;
            if ((*event)->topic == ipc::topic::kDropped) {
                dropped += (*event)->payload["count"].get<int>();
                CHECK((*event)->payload["at"].is_number_integer());
            } else {
                CHECK((*event)->payload["number"] > last);
                last = (*event)->payload["number"];
                ++got;
            }
        }
    }));
    CHECK(got + dropped == kEvents);
    fixture.server->publish("t", {{"number", kEvents}});
    const auto next = slow->next(5s);
    REQUIRE((next && *next));
    CHECK((*next)->payload["number"] == kEvents);
}

TEST_CASE("control clients: beyond the limit they are closed at once, with one line for all",
          "[integration][io]") {
    ControlFixture fixture;
    fixture.serve({.max_clients = 2});
    UniqueFd first = connect_raw(fixture.home.rpc_socket());
    const UniqueFd second = connect_raw(fixture.home.pub_socket());
    CHECK(fixture.until([&] { return fixture.server->clients() == 2; }));
    for (int i = 0; i < 3; ++i) {
        const UniqueFd refused = connect_raw(fixture.home.rpc_socket());
        CHECK(fixture.until([&] { return is_closed(refused); }));
    }
    CHECK(fixture.notices.size() == 1);
    first.reset();
    CHECK(fixture.until([&] { return fixture.server->clients() == 1; }));
    CHECK(*fixture.call("ping") == Json{{"msg", "pong"}});
}

TEST_CASE("control clients: without descriptors the server waits instead of spinning", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    write_raw(client, request("echo", Json::array({1})));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const UniqueFd probe(::dup(0));
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(probe.get());
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const bool is_told = fixture.until([&] { return !fixture.notices.empty(); });
    // A turn of the loop now waits for the retry; a spinning one would be back at once.
    const auto start = std::chrono::steady_clock::now();
    for (int turn = 0; turn < 6; ++turn) fixture.loop.run_once();
    const auto waited = std::chrono::steady_clock::now() - start;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(is_told);
    CHECK(waited > 150ms);
    CHECK(fixture.notices.front().find("Too many open files, trying again") != std::string::npos);
    std::string got;
    CHECK(
        fixture.until([&] { return read_raw(client, got) && got == ipc::encode(ipc::value_reply("1", 1)); }));
    CHECK(fixture.notices.size() == 1);
}

TEST_CASE("control clients: another user is refused even with access to the socket", "[integration][io]") {
    if (::geteuid() != 0) {
        WARN("NOT TESTED: only root can become another user");
        return;
    }
    ControlFixture fixture;
    fixture.serve();
    REQUIRE(::chmod(fixture.directory.path().c_str(), 0755) == 0);
    REQUIRE(::chmod(fixture.home.rpc_socket().c_str(), 0666) == 0);
    const std::string asked = request("ping", Json::array());
    const std::string path = fixture.home.rpc_socket().string();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {  // exit codes: 0 closed without an answer, 1 answered, 2 could not even try
        if (::setuid(65534) != 0) ::_exit(2);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size());
        const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
        if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(2);
        ::send(socket, asked.data(), asked.size(), MSG_NOSIGNAL);
        char byte;
        ::_exit(::recv(socket, &byte, 1, 0) > 0 ? 1 : 0);
    }
    int status = -1;
    CHECK(fixture.until([&] { return ::waitpid(child, &status, WNOHANG) == child; }));
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(fixture.seen.empty());
    REQUIRE(fixture.notices.size() == 1);
    CHECK(fixture.notices[0].starts_with("refused a client of uid 65534"));
}

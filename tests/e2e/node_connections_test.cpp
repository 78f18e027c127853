// How many connections Node workers have: told, limited, balanced by; and sockets that change hands.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <list>
#include <map>
#include <optional>

#include "daemon/io/listener.h"
#include "daemon/io/slot_turns.h"
#include "ipc/client.h"
#include "tests/support/node_app.h"

namespace kpm::node_connections_test {
using namespace test;

namespace {

Json workers_of(const KpmHome& kpm) {
    auto client = ipc::Client::connect(ipc::Home(kpm.home()));
    REQUIRE(client);
    auto rows = client->call("kpm.workers");
    REQUIRE(rows);
    return *rows;
}

Json worker_of(const KpmHome& kpm, int id) {
    for (const Json& row : workers_of(kpm))
        if (row["pm_id"] == id) return row;
    return {};
}

// Node would close idle connections after five seconds.
const std::string kServer = std::string(kNodeServer) + "server.keepAliveTimeout = 60000;\n";

// Each worker, so many open.
bool have(const KpmHome& kpm, int count) {
    return eventually([&] {
        for (const Json& worker : workers_of(kpm))
            if (worker["active"] != count) return false;
        return true;
    });
}

// Connections that were answered once and stay.
std::list<HttpClient> hold(const NodeApp& app, int count) {
    std::list<HttpClient> held;
    for (int i = 0; i < count; ++i) REQUIRE(held.emplace_back(app.port).get("/"));
    return held;
}

// By kpmd: those that it took off a socket.
std::uint64_t handed(const KpmHome& kpm) {
    std::uint64_t sum = 0;
    for (const Json& worker : workers_of(kpm)) sum += worker["handed"].get<std::uint64_t>();
    return sum;
}

bool may_take_turns() {
    const auto listener =
        io::open_listener({core::ListenAddress::Kind::Ipv4, "127.0.0.1"}, {.reuse_port = true});
    REQUIRE(listener);
    return io::take_turns(listener->get(), std::vector{0}).has_value();
}

// How often each worker answers 20 new connections.
std::map<std::string, int> answers(const NodeApp& app) {
    std::map<std::string, int> counted;
    for (int i = 0; i < 20; ++i) ++counted[app.answer()];
    return counted;
}

}  // namespace

// As one who may load eBPF programs; others get all answers, too, with kpmd's help.
TEST_CASE("node connections: the kernel passes over an instance that is not there", "[e2e][node]") {
    const NodeApp app(kNodeServer, 3);
    app.start_all_well();
    const bool is_permitted = may_take_turns();
    const auto two_answer_all = [&] {
        const auto before = handed(app.kpm);
        const auto counted = answers(app);
        CHECK(counted.size() == 2);
        CHECK_FALSE(counted.contains(""));
        if (!is_permitted) return;
        CHECK(handed(app.kpm) == before);
        for (const auto& [pid, count] : counted) CHECK(count == 10);
    };
    REQUIRE(app.kpm.kpm({"stop", "1"}).status == 0);
    two_answer_all();

    // The next daemon knows which socket is whose.
    const int daemon = app.kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return app.kpm.daemon_pid() != daemon && app.kpm.list().size() == 3; }));
    two_answer_all();
    REQUIRE(app.kpm.kpm({"start", "1"}).status == 0);
    REQUIRE(eventually([&] { return answers(app).size() == 3; }));
    REQUIRE(app.kpm.kpm({"stop", "0"}).status == 0);
    two_answer_all();
    REQUIRE(app.kpm.kpm({"scale", "web", "2"}).status == 0);
}

TEST_CASE("node connections: no worker has more than max_connections, the others wait", "[e2e][node]") {
    const NodeApp app(kServer, 2, R"(,"max_connections":2)");
    app.start_all_well();
    REQUIRE(have(app.kpm, 0));
    auto held = hold(app, 4);
    CHECK(have(app.kpm, 2));
    CHECK_FALSE(HttpClient(app.port).get("/", std::chrono::milliseconds{300}));
    held.pop_back();
    CHECK(HttpClient(app.port).get("/"));
}

TEST_CASE("node connections: the next daemon keeps the limit", "[e2e][node]") {
    const NodeApp app(kServer, 1, R"(,"max_connections":2)");
    app.start_well();
    REQUIRE(eventually([&] { return worker_of(app.kpm, 0)["active"] == 0; }));
    auto held = hold(app, 2);
    const int daemon = app.kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return app.kpm.daemon_pid() != daemon && app.kpm.list().size() == 1; }));
    REQUIRE(eventually([&] { return worker_of(app.kpm, 0)["active"] == 2; }));
    CHECK_FALSE(HttpClient(app.port).get("/", std::chrono::milliseconds{300}));
    held.pop_back();
    CHECK(HttpClient(app.port).get("/"));
}

TEST_CASE("node connections: least_connections goes by what is open", "[e2e][node]") {
    const NodeApp app(kServer, 2, R"(,"balance":"least_connections")");
    app.start_all_well();
    auto held = hold(app, 8);
    CHECK(have(app.kpm, 4));
    // All of one worker's end: the next four are its.
    const auto pid = std::to_string(app.pids()[0]);
    std::erase_if(held, [&](HttpClient& client) { return client.get("/")->body == pid; });
    REQUIRE(eventually([&] { return worker_of(app.kpm, 0)["active"] == 0; }));
    for (int i = 0; i < 4; ++i) CHECK(held.emplace_back(app.port).get("/")->body == pid);
}

TEST_CASE("node connections: those that the kernel hands out are counted", "[e2e][node]") {
    const NodeApp app(kServer, 2);
    app.start_all_well();
    const auto accepted = [&] {
        std::uint64_t sum = 0;
        for (const Json& worker : workers_of(app.kpm)) sum += worker["accepted"].get<std::uint64_t>();
        return sum;
    };
    const auto before = accepted();
    const auto held = hold(app, 10);
    CHECK(eventually([&] { return accepted() >= before + 10; }));
    CHECK(eventually([&] {
        return worker_of(app.kpm, 0)["active"].get<int>() + worker_of(app.kpm, 1)["active"].get<int>() == 10;
    }));
}

TEST_CASE("node connections: jlist tells of each worker's, and of nobody else's", "[e2e][node]") {
    const NodeApp app(kServer, 2, R"(,"balance":"least_connections")");
    app.start_all_well();
    app.kpm.write("plain.sh", "while :; do sleep 1; done\n");
    REQUIRE(app.kpm.kpm({"start", "plain.sh"}).status == 0);
    REQUIRE(have(app.kpm, 0));
    const auto held = hold(app, 6);
    REQUIRE(have(app.kpm, 3));
    CHECK_FALSE(app.kpm.find("plain").contains("connections"));
    for (int id = 0; id < 2; ++id) {
        const Json connections = app.kpm.list()[static_cast<std::size_t>(id)].value("connections", Json());
        const Json worker = worker_of(app.kpm, id);
        INFO(connections << " " << worker);
        REQUIRE(connections.size() == 5);
        CHECK(connections["active"] == 3);
        CHECK(connections["handed"] >= 3);
        for (const auto& [counter, value] : connections.items()) CHECK(value == worker[counter]);
    }
    REQUIRE(app.kpm.kpm({"stop", "0"}).status == 0);
    CHECK(eventually([&] { return !app.kpm.list()[0].contains("connections"); }));
    CHECK(app.kpm.list()[1].contains("connections"));
}

TEST_CASE("node connections: a UDP port may be bound again at once", "[e2e][node]") {
    const NodeApp app(R"(const dgram = require('dgram');
const port = Number(process.env.APP_PORT);
const again = (left) => {
  const socket = dgram.createSocket('udp4');
  socket.on('error', (error) => console.log(error.code));
  socket.bind(port, '127.0.0.1', () => {
    if (left === 0) return console.log('bound');
    socket.close(() => again(left - 1));
  });
};
again(50);
)",
                      1);
    REQUIRE(app.start().status == 0);
    INFO(app.kpm.daemon_log());
    CHECK(eventually([&] { return app.output() == "bound\n"; }));
}

// The answer lies behind what the worker has not read yet when the daemon dies.
TEST_CASE("node connections: an answer that got lost with the daemon is given by the next", "[e2e][node]") {
    const std::string balance = GENERATE("hybrid", "round_robin");
    INFO(balance);
    const NodeApp app(R"(const fs = require('fs');
const wait = (file) => { while (!fs.existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); };
process.on('message', () => {});
setTimeout(() => {
  fs.writeFileSync('up', '');
  wait('full');
  require('http').createServer((q, r) => r.end('here')).listen(Number(process.env.APP_PORT), '127.0.0.1');
  fs.writeFileSync('asked', '');
  wait('go');
}, 1);
)",
                      1, ",\"balance\":\"" + balance + "\"");
    REQUIRE(app.start().status == 0);
    const auto is_there = [&](const char* name) {
        return eventually([&] { return std::filesystem::exists(app.kpm.work() / name); });
    };
    REQUIRE(is_there("up"));
    {
        auto client = ipc::Client::connect(ipc::Home(app.kpm.home()));
        REQUIRE(client);
        for (int i = 0; i < 1000; ++i)
            REQUIRE(client->call("sendDataToProcessId",
                                 Json::array({{{"id", 0},
                                               {"type", "process:msg"},
                                               {"topic", "fill"},
                                               {"data", {{"text", std::string(1000, 'x')}}}}})));
    }
    app.kpm.write("full", "");
    REQUIRE(is_there("asked"));
    const int daemon = app.kpm.daemon_pid();
    // Each answer has gone through the thread that hears the worker, and back: then the question is recorded.
    for (int i = 0; i < 3; ++i) REQUIRE(worker_of(app.kpm, 0)["pm_id"] == 0);
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return app.kpm.daemon_pid() != daemon && app.kpm.list().size() == 1; }));
    app.kpm.write("go", "");
    INFO(app.kpm.daemon_log());
    CHECK(eventually([&] { return app.answer() == "here"; }));
}

}  // namespace kpm::node_connections_test

// The server's dealings with clients that behave.

#include <sys/stat.h>

#include "tests/integration/io/control_fixture.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;

TEST_CASE("control: a client that polls itself never waits for an answer", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    auto client = ipc::Client::connect(fixture.home);
    REQUIRE(client);
    const auto echo = client->send("echo", Json::array({std::string(3'000'000, 'x')}));  // in many pieces
    const auto later = client->send("later");
    const auto unknown = client->send("nothing");
    CHECK(client->has_unsent());
    const auto answered = [&](ipc::Client::Ticket ticket) {
        std::optional<Result<Json>> answer;
        CHECK(fixture.until([&] {
            auto tried = client->try_wait(ticket);
            if (!tried)
                answer.emplace(tried.error());
            else if (*tried)
                answer.emplace(**tried);
            return answer.has_value();
        }));
        return answer.value_or(Error{});
    };
    CHECK(answered(echo).value().get<std::string>().size() == 3'000'000);
    CHECK_FALSE(client->has_unsent());
    CHECK_FALSE(answered(unknown).has_value());
    auto open = client->try_wait(later);
    REQUIRE(open);
    CHECK_FALSE(open->has_value());
    REQUIRE(fixture.held.size() == 1);
    fixture.held[0].value(5);
    CHECK(answered(later).value() == 5);
    CHECK(client->try_wait(later).error().code == ErrorCode::Invalid);

    const auto never = client->send("never");
    CHECK(fixture.until([&] {
        auto tried = client->try_wait(never);
        return tried && !*tried && fixture.seen["never"] > 0;
    }));
    fixture.server.reset();
    CHECK(answered(never).error().code == ErrorCode::Unavailable);
}

TEST_CASE("control server: a call is answered", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    CHECK(*fixture.call("ping") == Json{{"msg", "pong"}});
    const Json large(std::string(5'000'000, 'x'));
    CHECK(*fixture.call("echo", Json::array({large})) == large);
    CHECK(fixture.until([&] { return fixture.server->clients() == 0; }));
    CHECK(fixture.notices.empty());
}

TEST_CASE("control server: an unknown method is an error with PM2's text", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const Result<Json> answer = fixture.call("x");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "method \"x\" does not exist");
}

TEST_CASE("control server: the methods query names the methods, a malformed call gets its error",
          "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    std::string got;
    const std::string methods = ipc::encode(ipc::Reply{"1", ipc::MethodNames{{"ping", "echo"}}});
    write_raw(client, ipc::encode(ipc::MethodsQuery{"1"}));
    CHECK(fixture.until([&] { return read_raw(client, got) && got.size() >= methods.size(); }));
    CHECK(got == methods);

    got.clear();
    const std::string refusal = ipc::encode(ipc::Reply{"2", ipc::Failure{".args required", {}, {}}});
    write_raw(client, ipc::encode_frame(
                          {{ipc::json_arg({{"type", "call"}, {"method", "ping"}}), ipc::text_arg("2")}}));
    CHECK(fixture.until([&] { return read_raw(client, got) && got.size() >= refusal.size(); }));
    CHECK(got == refusal);
}

TEST_CASE("control server: pipelined calls are answered in any order", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    auto answer = std::async(std::launch::async, [&]() -> std::vector<Json> {
        Result<ipc::Client> client = ipc::Client::connect(fixture.home);
        const auto first = client->send("later");
        const auto second = client->send("echo", Json::array({2}));
        const auto third = client->send("later");
        std::vector<Json> got;
        for (const auto ticket : {second, third, first}) got.push_back(*client->wait(ticket));
        return got;
    });
    CHECK(fixture.until([&] { return fixture.held.size() == 2 && fixture.seen["echo"] == 1; }));
    fixture.held[1].value(3);
    fixture.held[0].value(1);
    CHECK(fixture.until([&] { return answer.wait_for(0s) == std::future_status::ready; }));
    CHECK(answer.get() == std::vector<Json>{2, 3, 1});
}

TEST_CASE("control server: only the first answer counts", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    auto answer = std::async(std::launch::async, [&] {
        Result<ipc::Client> client = ipc::Client::connect(fixture.home);
        const auto ticket = client->send("later");
        Result<Json> first = client->wait(ticket);
        return std::pair(first, client->call("ping"));
    });
    CHECK(fixture.until([&] { return !fixture.held.empty(); }));
    const Responder copy = fixture.held[0];
    CHECK(copy.is_wanted());
    fixture.held[0].error({ErrorCode::NotFound, "cannot find 'x': no such app"});
    CHECK_FALSE(copy.is_wanted());
    copy.value(1);
    CHECK(fixture.until([&] { return answer.wait_for(0s) == std::future_status::ready; }));
    const auto [first, second] = answer.get();
    CHECK(first.error() == Error{ErrorCode::NotFound, "cannot find 'x': no such app"});
    CHECK(*second == Json{{"msg", "pong"}});
}

TEST_CASE("control server: a request that is never answered holds nothing up", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const auto [timed_out, pong] = run_beside(fixture.loop, [&] {
        Result<ipc::Client> client = ipc::Client::connect(fixture.home);
        Result<Json> never = client->call("never", Json::array(), 20ms);
        return std::pair(never, client->call("ping"));
    });
    REQUIRE_FALSE(timed_out);
    CHECK(timed_out.error().code == ErrorCode::Unavailable);
    CHECK(*pong == Json{{"msg", "pong"}});
}

TEST_CASE("control server: events reach every subscriber; its end is seen", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    CHECK_FALSE(fixture.server->has_subscribers());
    fixture.server->publish("nobody", 1);
    Result<ipc::Subscriber> first = ipc::Subscriber::connect(fixture.home);
    Result<ipc::Subscriber> second = ipc::Subscriber::connect(fixture.home);
    REQUIRE((first && second));
    CHECK(fixture.until([&] { return fixture.server->clients() == 2; }));
    CHECK_FALSE(first->next()->has_value());
    fixture.server->publish("log:out", {{"data", "x"}});
    for (ipc::Subscriber* subscriber : {&*first, &*second}) {
        auto event = subscriber->next(5s);
        REQUIRE((event && *event));
        CHECK(**event == ipc::Event{"log:out", {{"data", "x"}}});
    }
    fixture.server.reset();
    const auto end = first->next(5s);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == ErrorCode::Unavailable);
}

TEST_CASE("control server: a subscriber that leaves is forgotten, what it says is ignored",
          "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    UniqueFd subscriber = connect_raw(fixture.home.pub_socket());
    write_raw(subscriber, "anything at all");
    CHECK(fixture.until([&] { return fixture.server->has_subscribers(); }));
    fixture.server->publish("t", 1);
    std::string got;
    CHECK(fixture.until([&] { return read_raw(subscriber, got) && got == ipc::encode_event("t", 1); }));
    subscriber.reset();
    CHECK(fixture.until([&] { return !fixture.server->has_subscribers(); }));
}

TEST_CASE("control server: it may end in a request; the client sees the connection close",
          "[integration][io]") {
    ControlFixture fixture;
    auto opened = ControlServer::open(fixture.loop, fixture.home,
                                      {.on_request =
                                           [&](const ipc::Request& request, const Responder& responder) {
                                               if (request.method == "ping") return responder.value("pong");
                                               responder.none();
                                               fixture.server.reset();
                                               fixture.notices.push_back(request.method);
                                           },
                                       .on_notice = [](const std::string&) {}});
    REQUIRE(opened);
    fixture.server = *std::move(opened);
    const auto [last, after, closed] = run_beside(fixture.loop, [&] {
        Result<ipc::Client> client = ipc::Client::connect(fixture.home);
        const auto stop = client->send("stop");
        const auto late = client->send("ping");
        Result<Json> stopped = client->wait(stop);
        Result<Json> lost = client->wait(late);
        return std::tuple(stopped, lost, client->wait_closed(5s));
    });
    CHECK(last->is_null());
    CHECK(after.error().code == ErrorCode::Unavailable);
    CHECK(closed);
    CHECK(fixture.notices == std::vector<std::string>{"stop"});
}

TEST_CASE("control server: the sockets are the user's alone and go with the server", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    for (const auto& path : {fixture.home.rpc_socket(), fixture.home.pub_socket()}) {
        struct stat file {};
        REQUIRE(::stat(path.c_str(), &file) == 0);
        CHECK((file.st_mode & 07777) == 0600);
    }
    fixture.server.reset();
    CHECK_FALSE(std::filesystem::exists(fixture.home.rpc_socket()));
    CHECK_FALSE(std::filesystem::exists(fixture.home.pub_socket()));
}

TEST_CASE("control server: it stops listening and still serves who is connected", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    const UniqueFd client = connect_raw(fixture.home.rpc_socket());
    CHECK(fixture.until([&] { return fixture.server->clients() == 1; }));
    fixture.server->stop_listening();
    CHECK(ipc::identify_daemon(fixture.home).kind == ipc::DaemonKind::None);
    std::string got;
    write_raw(client, ipc::encode(ipc::Request{"echo", Json::array({1}), "1"}));
    CHECK(
        fixture.until([&] { return read_raw(client, got) && got == ipc::encode(ipc::value_reply("1", 1)); }));
    CHECK(fixture.server->queued() == 0);
}

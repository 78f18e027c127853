// What a daemon that is told to end leaves behind, and who goes on with the end when it dies of it.
#include <catch2/catch.hpp>

#include "daemon/commands/control_commands.h"
#include "tests/unit/core/commands_bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

// "name status" of each app that was saved.
std::vector<std::string> saved_apps(const FakeHost& host) {
    std::vector<std::string> apps;
    for (const Json& app : Json::parse(host.dump))
        apps.push_back(app.at("name").get<std::string>() + " " + app.at("status").get<std::string>());
    return apps;
}

void start_two(Server& server) {
    for (const char* name : {"first", "second"}) {
        Json config = wire();
        config["name"] = name;
        start(server, config);
    }
}

void ask_for_end(Server& server) {
    server.supervisor.post([&server] { save_and_end(server.supervisor); });
    server.supervisor.drain();
}

const std::vector<std::string> kBothOnline{"first online", "second online"};

}  // namespace

TEST_CASE("daemon end: told a second time the daemon saves nothing of what it has stopped by then",
          "[unit][commands]") {
    Server server;
    start_two(server);
    ask_for_end(server);
    CHECK(saved_apps(server.host) == kBothOnline);
    server.supervisor.post({1, 2}, Exited{0, 0});
    server.supervisor.post({1, 2}, TreeGone{});
    server.supervisor.drain();
    REQUIRE(server.supervisor.find(1)->current.life.state() == State::Stopped);
    ask_for_end(server);
    server.call("kpm.save", Json::array());
    CHECK(server.error() == "cannot save 'the list of apps': the daemon is ending");
    CHECK(saved_apps(server.host) == kBothOnline);
    server.host.take();
    server.supervisor.post({0, 1}, Exited{0, 0});
    server.supervisor.post({0, 1}, TreeGone{});
    server.supervisor.drain();
    CHECK(std::ranges::count(server.host.take(), "shut-down 0") == 1);
}

TEST_CASE("daemon end: a signal during a kill saves nothing", "[unit][commands]") {
    Server server;
    start_two(server);
    server.host.dump = "[]";
    server.call("killMe", Json::array());
    ask_for_end(server);
    CHECK(server.host.dump == "[]");
}

TEST_CASE("save: what is being stopped is saved as stopped, what is being deleted is not",
          "[unit][commands]") {
    Server server;
    start_two(server);
    server.call("stopProcessId", Json::array({0}));
    server.call("deleteProcessId", Json::array({1}));
    server.call("kpm.save", Json::array());
    CHECK(server.value().at("apps") == 1);
    CHECK(saved_apps(server.host) == std::vector<std::string>{"first stopped"});
    server.call("restartProcessId", Json::array({0}));
    server.call("kpm.save", Json::array());
    CHECK(saved_apps(server.host) != std::vector<std::string>{"first stopped"});
}

TEST_CASE("daemon end: the next daemon goes on with it, and saves nothing", "[unit][commands]") {
    Server before;
    start_two(before);
    ask_for_end(before);
    before.supervisor.post({1, 2}, Exited{0, 0});
    before.supervisor.post({1, 2}, TreeGone{});
    before.supervisor.drain();

    Server next;
    next.host.adoptable[1] = {Adopted::Kind::Alive, 10};
    next.supervisor.restore(before.host.state);
    next.supervisor.drain();
    ask_for_end(next);
    CHECK(next.host.dump.empty());
    CHECK(std::ranges::count(next.host.take(), "shut-down 0") == 0);
    next.supervisor.post({0, 1}, Exited{0, 0});
    next.supervisor.post({0, 1}, TreeGone{});
    next.supervisor.drain();
    CHECK(std::ranges::count(next.host.take(), "shut-down 0") == 1);
}

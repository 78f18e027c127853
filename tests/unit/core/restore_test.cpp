// The next daemon over the state of the one before.
#include <catch2/catch.hpp>
#include <csignal>

#include "daemon/core/record.h"
#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

TEST_CASE("restore: the next daemon takes over what lives and starts what was never asked for",
          "[unit][supervisor]") {
    std::map<std::string, std::string> state;
    {
        Bench first;
        first.add(forked("alive"));
        first.happen(Spawned{10});
        first.add(forked("asked"));
        state = first.host.state;
    }
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(host, Settings{});
    next.restore(state);
    next.drain();
    CHECK(next.find(0)->current.life.state() == State::Online);
    CHECK(next.find(0)->current.life.data().pid == 10);
    CHECK(host.take() == Lines{"adopt 0/1", "adopt 1/2", "spawn 1/3 asked"});
    CHECK(next.find(1)->current.incarnation == 3);
}

TEST_CASE("restore: what was stopped or deleted before it was asked for is not started",
          "[unit][supervisor]") {
    Bench first;
    first.add(forked("stopped"));
    first.add(forked("deleted"));
    first.run([&] { first.supervisor.stop(0, first.done()); });
    first.run([&] { first.supervisor.remove(1, first.done()); });
    REQUIRE(first.state() == State::Spawning);
    FakeHost host;
    Supervisor next(host, Settings{});
    next.restore(first.host.state);
    next.drain();
    CHECK(host.take() == Lines{"adopt 0/1", "adopt 1/2"});
    CHECK(next.find(0)->current.life.state() == State::Stopped);
    CHECK_FALSE(next.find(1));
}

TEST_CASE("restore: a configuration comes back as it was, whatever its texts hold", "[unit][supervisor]") {
    ecosystem::AppConfig config = forked();
    config.args = {"a b", "\"c\""};
    config.env = {{"A", "quote \" back \\ tab \t line \n"}, {"B", ""}, {"\"C\"", "\xc3\xbc"}};
    config.env_blocks = {{"production", {{"A", "1"}}}};
    config.extra = {{"version", "3"}, {"list", {1, nullptr}}};
    config.out_file = "/logs/\"out\".log";
    config.health.liveness =
        ecosystem::Probe{.kind = ecosystem::Probe::Kind::Exec, .argv = {"test", "-e", "up"}};
    Bench first;
    first.add(config);
    const auto before = first.supervisor.find(0)->config.whole();
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(host, Settings{});
    next.restore(first.host.state);
    INFO(first.host.state["app/0"]);
    REQUIRE(next.find(0));
    CHECK(next.find(0)->config.whole() == before);
    CHECK(next.find(0)->unique_id == "u");
}

TEST_CASE("restore: a process that has survived SIGKILL is still the app's own, until it is gone",
          "[unit][supervisor]") {
    std::map<std::string, std::string> state;
    {
        Bench first;
        first.add(forked("deaf"));
        first.happen(Spawned{10});
        first.run([&] { first.supervisor.stop(0, first.done()); });
        first.pass(1600ms);
        first.pass(1600ms);
        REQUIRE(first.state() == State::Errored);
        state = first.host.state;
    }
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(host, Settings{});
    next.restore(state);
    next.drain();
    CHECK(host.take() == Lines{"adopt 0/1", "signal 0/1 9"});
    next.post({0, 1}, Exited{std::nullopt, SIGKILL});
    next.post({0, 1}, TreeGone{});
    next.drain();
    CHECK(host.take() == Lines{"release 0/1"});
    CHECK(next.find(0)->current.life.data().pid == 0);

    FakeHost without;  // it ended while there was no daemon, or was ended as nobody's
    Supervisor other(without, Settings{});
    other.restore(state);
    other.drain();
    CHECK(other.find(0)->current.life.data().pid == 0);
    other.stop(0, [](const Result<void>& result) { CHECK(result); });
    other.drain();
    CHECK(without.take() == Lines{"adopt 0/1"});
}

TEST_CASE("restore: a process that ended meanwhile is started again, one being stopped is not",
          "[unit][supervisor]") {
    std::map<std::string, std::string> state;
    {
        Bench first;
        first.add(forked("crashed"));
        first.happen(Spawned{10});
        first.add(forked("stopping"));
        first.happen(Spawned{11});
        first.run([&] { first.supervisor.stop(1, first.done()); });
        state = first.host.state;
    }
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Ended, 10};
    host.adoptable[2] = {Adopted::Kind::Alive, 11};
    Supervisor next(host, Settings{});
    next.restore(state);
    next.post({0, 1}, Exited{1, 0});
    next.drain();
    CHECK(host.take() ==
          Lines{"adopt 0/1", "adopt 1/2", "signal 1/2 2", "sweep 0/1", "release 0/1", "spawn 0/3 crashed"});
    next.post({1, 2}, Exited{0, 0});
    next.post({1, 2}, TreeGone{});
    next.drain();
    CHECK(next.find(1)->current.life.state() == State::Stopped);
}

// The daemon before had seen its end, but died before it had written that down.
TEST_CASE("restore: a process that was ended for its failure and is gone is not signalled again",
          "[unit][supervisor]") {
    std::map<std::string, std::string> state;
    {
        Bench first;
        ecosystem::AppConfig config = forked("hung");
        config.watchdog = 10s;
        first.add(config);
        first.happen(Spawned{10});
        first.happen(Tripped{});
        REQUIRE(first.state() == State::Stopping);
        state = first.host.state;
    }
    FakeHost host;
    Supervisor next(host, Settings{});
    next.restore(state);
    next.drain();
    CHECK(host.take() == Lines{"adopt 0/1", "spawn 0/2 hung"});
}

TEST_CASE("restore: damaged state loses only the app that it belongs to", "[unit][supervisor]") {
    Bench first;
    first.add(forked("good"));
    first.happen(Spawned{10});
    auto state = first.host.state;
    state["app/7"] = R"({"config": 5})";
    state["app/8"] = "{";
    state["app/9"] = state["app/0"];
    state["run/9"] = "current.incarnation 9\ncurrent.state 99\ncurrent.goal 1\n";
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(host, Settings{});
    next.restore(state);
    CHECK(next.slots().size() == 1);
}

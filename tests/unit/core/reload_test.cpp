// Another process in the place of one that serves, and the end of all.
#include <catch2/catch.hpp>
#include <csignal>

#include "daemon/core/record.h"
#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

TEST_CASE("reload: the new worker must be ready before the old one drains and stops", "[unit][supervisor]") {
    Bench bench;
    const AppKey old = online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"open-pool render", "spawn 0/2 render"});
    const AppKey fresh = bench.host.last();
    bench.happen(fresh, Spawned{11});
    CHECK(bench.host.take().empty());
    bench.happen(fresh, Ready{});
    CHECK(bench.host.take() == Lines{"drain 0/1"});
    CHECK_FALSE(bench.answer);
    bench.happen(old, Drained{});
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.happen(old, Exited{0, 0});
    bench.happen(old, TreeGone{});
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
    CHECK(bench.supervisor.find(0)->current.incarnation == 2);
    CHECK(bench.supervisor.find(0)->current.life.data().restart_time == 1);
}

TEST_CASE("reload: a new worker that is not ready in time is removed and the old one goes on",
          "[unit][supervisor]") {
    Bench bench;
    const AppKey old = online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});
    bench.pass(3s);
    REQUIRE(bench.answer);
    CHECK(bench.error().find("not ready within 3000 ms; the old process goes on") != std::string::npos);
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.supervisor.find(0)->incoming == nullptr);
    CHECK(bench.supervisor.find(0)->current.incarnation == old.incarnation);
    CHECK(bench.state() == State::Online);
}

TEST_CASE("reload: a new worker that dies at once is told, the old one goes on", "[unit][supervisor]") {
    Bench bench;
    online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});
    bench.happen(Exited{1, 0});
    CHECK(bench.error().find("it exited with code 1") != std::string::npos);
    CHECK(bench.supervisor.find(0)->incoming == nullptr);
    CHECK(bench.state() == State::Online);
}

TEST_CASE("reload: a second one at the same time is refused", "[unit][supervisor]") {
    Bench bench;
    online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    CHECK(bench.error() == "Reload already in progress for process id 0, retry later");
}

TEST_CASE("reload: a new process that dies after it was ready is told of", "[unit][supervisor]") {
    Bench bench;
    const AppKey old = online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    const AppKey fresh = bench.host.last();
    bench.happen(fresh, Spawned{11});
    bench.happen(fresh, Ready{});
    bench.happen(fresh, Ready{});  // says it twice
    CHECK_FALSE(bench.answer);
    bench.happen(fresh, Exited{3, 0});
    CHECK(bench.error() == "cannot reload 'render': the new process was ready and then exited with code 3");
    bench.happen(old, Drained{});
    bench.happen(old, Exited{0, 0});
    bench.happen(old, TreeGone{});
    CHECK(bench.supervisor.find(0)->outgoing == nullptr);
}

namespace {

// The daemon after one that died in the middle of a reload: both processes still live.
struct NextDaemon : Bench {
    explicit NextDaemon(const Bench& before) {
        host.adoptable[1] = {Adopted::Kind::Alive, 10};
        host.adoptable[2] = {Adopted::Kind::Alive, 11};
        supervisor.restore(before.host.state);
        supervisor.drain();
    }
};

// A reload whose new process is ready and must last 250 ms longer; its first incarnation is 1, the new one 2.
struct TrialBench : Bench {
    TrialBench() {
        online_worker(*this);
        ecosystem::AppConfig changed = supervisor.find(0)->config.whole();
        changed.args = {"--new"};
        changed.min_ready_time = 250ms;
        run([&] { supervisor.reload(0, changed, done()); });
        happen(Spawned{11});
        happen(Ready{});
        host.take();
    }
};

}  // namespace

TEST_CASE("reload: a new process that is ready must last before it takes the slot", "[unit][supervisor]") {
    TrialBench bench;
    SECTION("it lasts") {
        bench.pass(249ms);
        CHECK(bench.host.take().empty());
        bench.pass(1ms);
        CHECK(bench.host.take() == Lines{"drain 0/1"});
        CHECK(bench.supervisor.find(0)->current.incarnation == 2);
        bench.happen({0, 1}, Exited{0, 0});
        REQUIRE(bench.answer);
        CHECK(bench.answer->has_value());
        CHECK(bench.supervisor.find(0)->config->args == std::vector<std::string>{"--new"});
    }
    SECTION("it ends before that") {
        bench.pass(100ms);
        bench.happen(Exited{7, 0});
        CHECK(bench.error() ==
              "cannot reload 'render': the new process was ready and then exited with code 7; the old "
              "process goes on");
        CHECK(bench.supervisor.find(0)->config->args.empty());
        bench.pass(10s);
        for (const std::string& call : bench.host.take()) CHECK(call.find("0/1") == std::string::npos);
        CHECK(bench.supervisor.find(0)->current.incarnation == 1);
        CHECK(bench.state() == State::Online);
    }
    SECTION("it loses its channel") {
        bench.happen(Drained{});
        CHECK_FALSE(bench.answer);
        bench.pass(250ms);
        CHECK(bench.error() ==
              "cannot reload 'render': the new process was ready and then left its channel; the old process "
              "goes on");
        CHECK(bench.host.take() == Lines{"signal 0/2 2"});
        CHECK(bench.supervisor.find(0)->current.incarnation == 1);
        bench.happen(Exited{0, 0});
        bench.happen(TreeGone{});
        CHECK(bench.supervisor.find(0)->incoming == nullptr);
        CHECK(bench.supervisor.find(0)->config->args.empty());
        CHECK(bench.state() == State::Online);
    }
    SECTION("it loses its channel because it exits: that is the reason") {
        bench.happen(Drained{});
        bench.happen(Exited{7, 0});
        CHECK(bench.error().find("was ready and then exited with code 7") != std::string::npos);
    }
    SECTION("its liveness probe gives it up, and it is slow to end") {
        bench.happen(Unhealthy{"liveness probe failed: refused"});
        bench.pass(250ms);
        CHECK(bench.error() ==
              "cannot reload 'render': the new process was ready, and then liveness probe failed: refused; "
              "the old process goes on");
        CHECK(bench.host.take() == Lines{"signal 0/2 2"});
        bench.happen(TreeGone{});
        CHECK(bench.supervisor.find(0)->incoming == nullptr);
        CHECK(bench.supervisor.find(0)->current.incarnation == 1);
        CHECK(bench.state() == State::Online);
    }
    SECTION("a restart meanwhile takes the old one's place, and no other") {
        bench.run([&] { bench.supervisor.restart(0, bench.done()); });
        bench.pass(250ms);
        CHECK(bench.host.take() == Lines{"signal 0/2 2", "signal 0/1 2"});
    }
    SECTION("the daemon dies meanwhile") {
        NextDaemon next(bench);
        next.pass(249ms);
        CHECK(next.supervisor.find(0)->current.incarnation == 1);
        next.pass(1ms);
        CHECK(next.supervisor.find(0)->current.incarnation == 2);
    }
}

TEST_CASE("reload: a new process that the watchdog is about to end does not take the slot",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = clustered();
    config.watchdog = 100ms;
    config.min_ready_time = 250ms;
    bench.add(config);
    const AppKey old = bench.host.last();
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});
    bench.happen(Ready{});
    for (int i = 0; i < 5; ++i) {
        bench.happen(old, Pinged{});
        bench.pass(50ms);
    }
    CHECK(
        bench.error() ==
        "cannot reload 'render': the new process was ready and then did not send WATCHDOG=1 for 100 ms; the "
        "old process goes on");
    CHECK(bench.supervisor.find(0)->current.incarnation == old.incarnation);
    CHECK(bench.state() == State::Online);
}

TEST_CASE("reload: a stop meanwhile ends both processes", "[unit][supervisor]") {
    Bench bench;
    const AppKey old = online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, [](const Result<void>& result) { CHECK_FALSE(result); }); });
    const AppKey fresh = bench.host.last();
    bench.happen(fresh, Spawned{11});
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(old, TreeGone{});
    CHECK_FALSE(bench.answer);
    bench.happen(fresh, TreeGone{});
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
    CHECK(bench.state() == State::Stopped);
}

TEST_CASE("supervisor: a reload's process that outlives SIGKILL is given up", "[unit][supervisor]") {
    Bench bench;
    online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    const AppKey incoming = bench.host.last();
    bench.happen(incoming, Spawned{11});
    bench.pass(3000ms);  // not ready in time
    bench.pass(1600ms);
    bench.pass(1600ms);
    CHECK(bench.host.take() ==
          Lines{"open-pool render", "spawn 0/2 render", "signal 0/2 2", "signal 0/2 9", "release 0/2"});
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"open-pool render", "spawn 0/3 render"});
}

TEST_CASE("reload: the end of the old process takes nothing from what the new one has told",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(clustered());
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    const AppKey old{0, 1};
    bench.happen(Spawned{11});
    bench.happen(Ready{});
    bench.run([&] {
        bench.supervisor.take_message(bench.host.last(),
                                      {{"type", "axm:monitor"}, {"data", {{"rate", {{"value", 1}}}}}});
    });
    bench.happen(old, Drained{});
    bench.happen(old, Exited{0, 0});
    CHECK(pm2_env(*bench.supervisor.find(0))["axm_monitor"]["rate"]["value"] == 1);
}

TEST_CASE("reload: what the old process has told stays until the new one takes its place",
          "[unit][supervisor]") {
    Bench bench;
    const AppKey old = online_worker(bench);
    const auto say = [](Supervisor& supervisor, AppKey key, const char* action) {
        supervisor.post([&supervisor, key, action] {
            supervisor.take_message(key, {{"type", "axm:action"}, {"data", {{"action_name", action}}}});
            supervisor.take_notification(key, {.status = action});
        });
        supervisor.drain();
    };
    const auto shown = [](Supervisor& supervisor) {
        const Json env = pm2_env(*supervisor.find(0));
        return env["axm_actions"].dump() + env.value("status_text", "");
    };
    const std::string of_old = R"([{"action_name":"old"}]old)";
    say(bench.supervisor, old, "old");
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    const AppKey fresh = bench.host.last();
    bench.happen(Spawned{11});
    CHECK(shown(bench.supervisor) == of_old);
    say(bench.supervisor, fresh, "new");
    CHECK(shown(bench.supervisor) == of_old);
    SECTION("it fails") {
        bench.happen(fresh, Exited{1, 0});
        CHECK(shown(bench.supervisor) == of_old);
        CHECK(bench.host.state.contains("told/0"));
        CHECK_FALSE(bench.host.state.contains("told/0/incoming"));
    }
    SECTION("it gets ready") {
        bench.happen(fresh, Ready{});
        CHECK(shown(bench.supervisor) == R"([{"action_name":"new"}]new)");
        say(bench.supervisor, old, "last words");
        CHECK(shown(bench.supervisor) == R"([{"action_name":"new"}]new)");
    }
    SECTION("the daemon dies meanwhile") {
        bench.pass(1s);
        NextDaemon next(bench);
        CHECK(shown(next.supervisor) == of_old);
        next.happen(fresh, Ready{});
        CHECK(pm2_env(*next.supervisor.find(0))["axm_actions"][0]["action_name"] == "new");
    }
}

TEST_CASE("reload: a configuration whose process does not get ready is not kept", "[unit][supervisor]") {
    Bench bench;
    online_worker(bench);
    ecosystem::AppConfig changed = bench.supervisor.find(0)->config.whole();
    changed.args = {"--new"};
    bench.run([&] { bench.supervisor.reload(0, changed, bench.done()); });
    CHECK(bench.host.specs[2].argv.back() == "--new");
    SECTION("it fails") {
        bench.happen(Spawned{11});
        bench.happen(Exited{1, 0});
        CHECK_FALSE(bench.error().empty());
        CHECK(bench.supervisor.find(0)->config->args.empty());
    }
    SECTION("the daemon dies meanwhile, and then it fails") {
        NextDaemon next(bench);
        CHECK(next.supervisor.find(0)->config->args == std::vector<std::string>{"--new"});
        next.happen({0, 2}, Exited{1, 0});
        CHECK(next.supervisor.find(0)->config->args.empty());
    }
    SECTION("it gets ready") {
        bench.happen(Spawned{11});
        bench.happen(Ready{});
        CHECK(bench.supervisor.find(0)->config->args == std::vector<std::string>{"--new"});
        CHECK(bench.host.state["app/0"].find("before") == std::string::npos);
    }
    SECTION("a newer word wins") {
        changed.args = {"--newer"};
        bench.run([&] {
            CHECK(bench.supervisor.reconfigure(0, changed));
            bench.supervisor.restart(0, bench.done());
        });
        CHECK(bench.supervisor.find(0)->config->args == std::vector<std::string>{"--newer"});
    }
}

TEST_CASE("reload: a refused one changes nothing", "[unit][supervisor]") {
    Bench bench;
    online_worker(bench);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    ecosystem::AppConfig changed = bench.supervisor.find(0)->config.whole();
    changed.args = {"--new"};
    bench.run([&] { bench.supervisor.reload(0, changed, bench.done()); });
    CHECK(bench.error().find("already in progress") != std::string::npos);
    CHECK(bench.supervisor.find(0)->config->args.empty());
}

TEST_CASE("end: nothing is started any more, whoever asks", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig timed = forked();
    timed.cron_restart = "* * * * *";
    bench.add(timed);
    bench.happen(Spawned{10});
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.add(forked("slow"));
    bench.happen(Spawned{11});
    const AppKey slow = bench.host.last();
    std::optional<Result<void>> ended;
    bench.run([&] { bench.supervisor.end([&](Result<void> result) { ended = std::move(result); }); });
    bench.host.take();
    bench.pass(61s);
    for (const auto& ask : std::vector<std::function<void()>>{
             [&] { bench.supervisor.start(0, bench.done()); },
             [&] { bench.supervisor.restart(0, bench.done()); },
             [&] { bench.supervisor.reload(0, bench.done()); },
             [&] {
                 CHECK(bench.supervisor.add({.config = forked("late"), .unique_id = "u"}, bench.done()) ==
                       -1);
             }}) {
        bench.run(ask);
        CHECK(bench.error().find("the daemon is ending") != std::string::npos);
    }
    for (const std::string& call : bench.host.take()) CHECK_FALSE(call.starts_with("spawn"));
    bench.happen(slow, TreeGone{});
    REQUIRE(ended);
}

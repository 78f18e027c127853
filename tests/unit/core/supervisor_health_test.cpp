// Probes as the supervisor drives them: when they are asked, and what their answers do to an app.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/core/launch.h"
#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;
using ecosystem::Probe;
using Verdict = ProbeResult::Verdict;

namespace {

struct HealthBench : Bench {
    void tell(const AppKey& key, ProbeKind kind, Verdict verdict) {
        run([&] { supervisor.probed(key, kind, {verdict, verdict == Verdict::Passed ? "" : "refused"}); });
    }
    void succeed(ProbeKind kind) { tell(host.last(), kind, Verdict::Passed); }
    void fail(ProbeKind kind) { tell(host.last(), kind, Verdict::Failed); }
    // The next look after this time fails.
    void fail_after(Duration time, ProbeKind kind) {
        pass(time);
        fail(kind);
    }
    Json shown() { return pm2_env(*supervisor.find(0)).value("health_state", Json()); }
};

constexpr auto kStartup = ProbeKind::Startup, kReadiness = ProbeKind::Readiness,
               kLiveness = ProbeKind::Liveness;

ecosystem::AppConfig with_health(ecosystem::AppConfig config, const char* kinds) {
    const Probe probe{.text = "http://127.0.0.1:$PORT/"};
    const std::string_view wanted(kinds);
    if (wanted.find('s') != std::string_view::npos) config.health.startup = probe;
    if (wanted.find('r') != std::string_view::npos) config.health.readiness = probe;
    if (wanted.find('l') != std::string_view::npos) config.health.liveness = probe;
    config.env = {{"PORT", "3000"}};
    return config;
}

bool has(const Lines& lines, const std::string& line) {
    return std::ranges::find(lines, line) != lines.end();
}

}  // namespace

TEST_CASE("health: an app without probes is asked nothing and wakes nobody", "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    for (const std::string& line : bench.host.take()) CHECK_FALSE(line.starts_with("probe"));
    CHECK_FALSE(bench.host.wake);
    CHECK(bench.shown().is_null());
}

TEST_CASE("health: a start is over when the first readiness has succeeded", "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(forked(), "r"));
    CHECK(has(bench.host.take(), "hold-back 0/1"));
    bench.happen(Spawned{10});
    CHECK(bench.host.take() == Lines{"probe 0/1 readiness"});
    CHECK(bench.host.probed.address.port == 3000);
    bench.fail(kReadiness);
    bench.happen(Ready{});  // a word of its own is not asked for, and not enough
    CHECK(bench.state() == State::Starting);
    CHECK_FALSE(bench.answer);
    bench.pass(100ms);
    bench.succeed(kReadiness);
    CHECK(bench.state() == State::Online);
    REQUIRE(bench.answer);
    CHECK(*bench.answer);
    CHECK(has(bench.host.take(), "serve 0/1"));
    CHECK(bench.shown()["ready"] == true);
    CHECK(bench.shown()["readiness"]["ok"] == true);
}

TEST_CASE("health: with wait_ready the app must say so, too", "[unit][supervisor][health]") {
    for (const bool is_word_first : {true, false}) {
        HealthBench bench;
        ecosystem::AppConfig config = with_health(forked(), "s");
        config.wait_ready = true;
        bench.add(config);
        bench.happen(Spawned{10});
        if (is_word_first)
            bench.happen(Ready{});
        else
            bench.succeed(kStartup);
        CHECK(bench.state() == State::Starting);
        if (is_word_first)
            bench.succeed(kStartup);
        else
            bench.happen(Ready{});
        CHECK(bench.state() == State::Online);
    }
}

TEST_CASE("health: a start that is not ready in time says why, and goes on launching",
          "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(forked(), "r"));
    bench.happen(Spawned{10});
    bench.fail(kReadiness);
    bench.pass(31s);  // three intervals and the last timeout
    CHECK(bench.error() == "cannot start 'web': not ready within 31000 ms: readiness probe failed: refused");
    CHECK(bench.state() == State::Starting);
    bench.succeed(kReadiness);
    CHECK(bench.state() == State::Online);
}

TEST_CASE("health: a process whose startup fails is ended and started again", "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = with_health(forked(), "s");
    config.health.startup->failure_threshold = 1;
    bench.add(config);
    bench.happen(Spawned{10});
    bench.fail(kStartup);
    bench.host.take();
    bench.fail_after(10s, kStartup);
    CHECK(bench.state() == State::Stopping);
    CHECK(bench.host.take() == Lines{"probe 0/1 startup", "stop-probes 0/1", "signal 0/1 2"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.error() == "cannot start 'web': startup probe failed: refused (2 times)");
    CHECK(bench.state() == State::Spawning);
}

TEST_CASE("health: unready keeps connections away and success brings them back",
          "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(clustered(), "r"));
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.succeed(kReadiness);
    CHECK(bench.state() == State::Online);
    bench.host.take();
    for (int i = 0; i < 3; ++i) bench.fail_after(10s, kReadiness);
    CHECK(has(bench.host.take(), "hold-back 0/1"));
    CHECK(bench.state() == State::Online);
    CHECK(bench.shown()["ready"] == false);
    CHECK(bench.shown()["readiness"]["reason"] == "refused");
    bench.pass(10s);
    bench.succeed(kReadiness);
    CHECK(has(bench.host.take(), "serve 0/1"));
}

TEST_CASE("health: liveness that fails restarts the process as a crash would", "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(forked(), "l"));
    bench.happen(Spawned{10});
    CHECK(bench.state() == State::Online);  // liveness gates nothing
    bench.fail(kLiveness);
    bench.fail_after(10s, kLiveness);
    bench.fail_after(10s, kLiveness);
    CHECK(bench.state() == State::Stopping);
    bench.happen(Exited{std::nullopt, 9});
    bench.happen(TreeGone{});
    CHECK(bench.state() == State::Spawning);
    const Json env = pm2_env(*bench.supervisor.find(0));
    CHECK(env["restart_time"] == 1);
    CHECK(env["unstable_restarts"] == 0);
    CHECK(env["failure"] == "liveness probe failed: refused (3 times)");
}

TEST_CASE("health: an end in the first second is unstable, whoever caused it", "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = with_health(forked(), "l");
    config.health.liveness->failure_threshold = 1;
    bench.add(config);
    bench.happen(Spawned{10});
    bench.fail(kLiveness);
    bench.happen(Exited{std::nullopt, 9});
    bench.happen(TreeGone{});
    CHECK(pm2_env(*bench.supervisor.find(0))["unstable_restarts"] == 1);
}

TEST_CASE("health: answers of an earlier process are dropped, and a stop ends all looks",
          "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(forked(), "l"));
    bench.happen(Spawned{10});
    const AppKey first = bench.host.last();
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.tell(first, kLiveness, Verdict::Failed);
    CHECK_FALSE(bench.shown().contains("liveness"));
    bench.host.take();
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"stop-probes 0/2", "signal 0/2 2"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK_FALSE(bench.host.wake);
}

TEST_CASE("health: a reload's process takes the slot when its probe succeeds", "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(clustered(), "r"));
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.succeed(kReadiness);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});
    bench.happen(Ready{});
    bench.fail(kReadiness);
    CHECK(bench.supervisor.find(0)->incoming != nullptr);
    SECTION("then") {
        bench.pass(100ms);
        bench.succeed(kReadiness);
        CHECK(bench.supervisor.find(0)->incoming == nullptr);
        CHECK(bench.supervisor.find(0)->current.life.data().pid == 11);
        CHECK(bench.supervisor.find(0)->current.health->check.is_ready());
    }
    SECTION("and is removed when it does not in time") {
        bench.pass(31s);
        CHECK(bench.error() ==
              "cannot reload 'render': cannot start 'render': not ready within 31000 ms: readiness probe "
              "failed: "
              "refused; the old process goes on");
        CHECK(bench.supervisor.find(0)->current.life.data().pid == 10);
        CHECK(bench.supervisor.find(0)->current.life.state() == State::Online);
    }
}

TEST_CASE("health: a reload's process that is not ready any more does not take the slot",
          "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = with_health(clustered(), "r");
    config.health.readiness->failure_threshold = 1;
    config.health.readiness->interval = 100ms;
    config.min_ready_time = 250ms;
    bench.add(config);
    const AppKey old = bench.host.last();
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.succeed(kReadiness);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});
    bench.happen(Ready{});
    bench.succeed(kReadiness);
    bench.pass(100ms);
    bench.fail(kReadiness);
    CHECK_FALSE(bench.answer);
    SECTION("and stays so") {
        bench.pass(150ms);
        CHECK(bench.error() ==
              "cannot reload 'render': the new process was ready, and then readiness probe failed: refused; "
              "the old process goes on");
        CHECK(bench.supervisor.find(0)->current.incarnation == old.incarnation);
        CHECK(bench.state() == State::Online);
    }
    SECTION("and then is again") {
        bench.pass(100ms);
        bench.succeed(kReadiness);
        bench.pass(50ms);
        CHECK(bench.supervisor.find(0)->current.life.data().pid == 11);
    }
}

TEST_CASE("health: a command for a reload's old process runs as that was started",
          "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = clustered();
    config.env = {{"PORT", "3000"}};
    config.health.liveness = Probe{.kind = Probe::Kind::Exec, .argv = {"check"}};
    config.health.liveness->interval = 1s;
    bench.add(config);
    const AppKey old = bench.host.last();
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.tell(old, kLiveness, Verdict::Passed);
    config = bench.supervisor.find(0)->config.whole();
    config.env = {{"PORT", "4000"}};
    config.cwd = "/new";
    bench.run([&] { bench.supervisor.reload(0, config, bench.done()); });
    bench.happen(Spawned{11});
    CHECK(has(bench.host.probe_launch.env, "PORT=4000"));
    bench.host.take();
    bench.pass(1s);
    CHECK(bench.host.take() == Lines{"probe 0/1 liveness"});
    CHECK(has(bench.host.probe_launch.env, "PORT=3000"));
    CHECK(bench.host.probe_launch.cwd == "/srv");
    CHECK(bench.supervisor.find(0)->config->cwd == "/new");
}

TEST_CASE("health: a command runs as the app does; a variable that is not set fails",
          "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = forked();
    config.env = {{"PORT", "3000"}};
    config.health.liveness = Probe{.kind = Probe::Kind::Exec, .argv = {"check", "$PORT"}};
    SECTION("a list") {
        bench.add(config);
        bench.happen(Spawned{10});
        CHECK(bench.host.probed.argv == std::vector<std::string>{"check", "3000"});
        CHECK(bench.host.probe_launch.cwd == "/srv");
        CHECK(has(bench.host.probe_launch.env, "PORT=3000"));
    }
    SECTION("a text") {
        config.health.liveness = Probe{.kind = Probe::Kind::Exec, .text = "check $PORT"};
        bench.add(config);
        bench.happen(Spawned{10});
        CHECK(bench.host.probed.argv == std::vector<std::string>{"/bin/sh", "-c", "check $PORT"});
    }
    SECTION("without the variable") {
        config.env.clear();
        config.health.liveness->failure_threshold = 1;
        bench.add(config);
        bench.happen(Spawned{10});
        CHECK(bench.state() == State::Stopping);
        CHECK(bench.supervisor.find(0)->current.life.data().failure ==
              "liveness probe failed: variable PORT is not set");
    }
}

TEST_CASE("health: each instance looks at its own port", "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = with_health(forked(), "l");
    config.increment_var = "PORT";
    bench.add(config);
    bench.happen(Spawned{10});
    bench.run([&] { CHECK(bench.supervisor.duplicate(0, bench.done())); });
    bench.happen(Spawned{11});
    CHECK(bench.host.probed.address.port == 3001);
}

TEST_CASE("health: the next daemon goes on; who was ready stays so", "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(clustered(), "rl"));
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    const bool is_ready = GENERATE(true, false);
    bench.succeed(kReadiness);
    if (!is_ready)
        for (int i = 0; i < 3; ++i) bench.fail_after(10s, kReadiness);

    HealthBench next;
    next.host.advance(1min);
    next.host.adoptable[1] = {Adopted::Kind::Alive, 10};
    next.supervisor.restore(bench.host.state);
    next.supervisor.drain();
    CHECK(next.supervisor.find(0)->current.health->check.is_ready() == is_ready);
    const Lines asked = next.host.take();
    CHECK(has(asked, "hold-back 0/1") == !is_ready);
    CHECK(has(asked, "probe 0/1 readiness"));
    CHECK(has(asked, "probe 0/1 liveness"));
    CHECK(next.state() == State::Online);
}

TEST_CASE("health: the next daemon ends as any other what its probes have given up",
          "[unit][supervisor][health]") {
    HealthBench bench;
    ecosystem::AppConfig config = with_health(forked(), "l");
    config.health.liveness->failure_threshold = 1;
    bench.add(config);
    bench.happen(Spawned{10});
    bench.fail_after(10s, kLiveness);
    CHECK(bench.state() == State::Stopping);

    HealthBench next;
    next.host.adoptable[1] = {Adopted::Kind::Alive, 10};
    next.supervisor.restore(bench.host.state);
    next.supervisor.drain();
    CHECK(has(next.host.take(), "signal 0/1 2"));
    next.happen({0, 1}, Exited{0, 0});
    next.happen({0, 1}, TreeGone{});
    CHECK(next.supervisor.find(0)->current.life.data().restart_time == 1);
}

TEST_CASE("health: what its probes tell is not in the dump", "[unit][supervisor][health]") {
    HealthBench bench;
    bench.add(with_health(forked(), "r"));
    bench.happen(Spawned{10});
    bench.succeed(kReadiness);
    const Json entry = dump_entry(*bench.supervisor.find(0));
    CHECK_FALSE(entry.contains("health_state"));
    CHECK(entry["health"]["readiness"]["http"] == "http://127.0.0.1:$PORT/");
}

TEST_CASE("health: Node workers whose readiness counts do not accept by themselves",
          "[unit][supervisor][health]") {
    ecosystem::AppConfig config = forked();
    config.exec_mode = ecosystem::ExecMode::Cluster;
    CHECK(pool_spec(config)->balance == "hybrid");
    CHECK(pool_spec(with_health(config, "l"))->balance == "hybrid");
    CHECK(pool_spec(with_health(config, "r"))->balance == "round_robin");
    ecosystem::AppConfig limited = with_health(config, "r");
    limited.max_connections = 8;
    CHECK(pool_spec(limited)->balance == "least_connections");
    config.balance = ecosystem::Balance::Sticky;
    CHECK(pool_spec(with_health(config, "r"))->balance == "sticky");
}

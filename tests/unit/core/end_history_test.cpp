#include "daemon/core/end_history.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

using Cause = EndCause::Kind;

namespace {

ecosystem::AppConfig reloadable() {
    ecosystem::AppConfig config = clustered();
    config.wait_ready = true;
    return config;
}

constexpr Client kAlice{.pid = 4242, .uid = 1000};

// A running process, and who asks for what.
struct Ends : Bench {
    explicit Ends(ecosystem::AppConfig config = forked()) {
        add(std::move(config));
        happen(Spawned{10});
    }
    // A request of alice's.
    void ask(const Supervisor::Task& task) {
        run([&] {
            supervisor.set_client(kAlice);
            task();
        });
    }
    std::vector<ProcessEnd> all(int pm_id = 0) const { return supervisor.find(pm_id)->ends.ends(); }
    ProcessEnd last() const {
        REQUIRE_FALSE(all().empty());
        return all().back();
    }
};

}  // namespace

TEST_CASE("end history: an end reads as it was written", "[unit][core]") {
    const ProcessEnd end{.at = {1764447000123},
                         .uptime = 12s,
                         .pid = 7,
                         .code = std::nullopt,
                         .signal = SIGKILL,
                         .is_killed = true,
                         .failure = "two\nlines \\ of it",
                         .cause = {Cause::Restart, "", kAlice}};
    EndHistory history;
    history.add(end);
    history.add({.at = {5}, .code = 0, .cause = {Cause::Watch, "/srv/a\n\nb", std::nullopt}});
    const EndHistory read(history.record());
    REQUIRE(read.ends().size() == 2);
    CHECK(read.ends()[0] == end);
    CHECK(read.ends()[1].cause.detail == "/srv/a\n\nb");
    CHECK(read.ends()[1].code == 0);
}

TEST_CASE("end history: the newest ten stay, long texts are cut between characters", "[unit][core]") {
    EndHistory history;
    for (int i = 1; i <= 13; ++i) history.add({.at = {i}, .code = i});
    REQUIRE(history.ends().size() == EndHistory::kMost);
    CHECK(history.ends().front().code == 4);
    CHECK(history.ends().back().code == 13);

    std::string path = "/";
    while (path.size() < 1000) path += "ä";
    history.add({.at = {14}, .cause = {Cause::Watch, path, std::nullopt}});
    const std::string detail = history.ends().back().cause.detail;
    CHECK(detail.size() == 299);  // one more byte would be half of a character
    CHECK(path.starts_with(detail));
}

TEST_CASE("end history: what another version wrote, or nobody, is no trouble", "[unit][core]") {
    const EndHistory history("at 5\nfuture x\n\ncause 99\ncode 1\n\ngarbage\n\nat");
    REQUIRE(history.ends().size() == 3);
    CHECK(history.ends()[0] == ProcessEnd{.at = {5}});
    CHECK(history.ends()[1] == ProcessEnd{.code = 1});
    CHECK(history.ends()[2] == ProcessEnd{});
    CHECK(EndHistory("").ends().empty());
    CHECK(EndHistory("\n\n\n\n").ends().size() == 2);
}

TEST_CASE("end causes: a process that ends by itself, and one that somebody else ends",
          "[unit][supervisor]") {
    Ends bench;
    bench.host.advance(250ms);
    bench.happen(Exited{3, 0});
    CHECK(bench.last() == ProcessEnd{.at = bench.host.wall_now(), .uptime = 250ms, .pid = 10, .code = 3});
    CHECK(reason_word(bench.last()) == "exit");
    bench.happen(Spawned{11});
    bench.happen(Exited{std::nullopt, SIGTERM});
    CHECK(bench.last().pid == 11);
    CHECK(bench.last().signal == SIGTERM);
    CHECK(reason_word(bench.last()) == "signal");
    CHECK(bench.all().size() == 2);
}

TEST_CASE("end causes: a client's restart and stop, with who it was", "[unit][supervisor]") {
    Ends bench;
    bench.ask([&] { bench.supervisor.restart(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause == EndCause{Cause::Restart, "", kAlice});
    bench.happen(Spawned{11});
    bench.ask([&] { bench.supervisor.stop(0, bench.done()); });
    bench.pass(1600ms);  // SIGKILL
    bench.happen(Exited{std::nullopt, SIGKILL});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause == EndCause{Cause::Stop, "", kAlice});
    CHECK(bench.last().is_killed);
    CHECK(bench.all().size() == 2);
}

TEST_CASE("end causes: who asked is not asked again in the next life", "[unit][supervisor]") {
    Ends bench;
    bench.ask([&] { bench.supervisor.restart(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.happen(Spawned{11});
    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause == EndCause{Cause::Restart, "", std::nullopt});
    bench.happen(Spawned{12});
    bench.happen(Exited{1, 0});
    CHECK(bench.last().cause == EndCause{});
}

TEST_CASE("end causes: the first who asks counts", "[unit][supervisor]") {
    Ends bench;
    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    bench.ask([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause.kind == Cause::Restart);
    CHECK(bench.state() == State::Stopped);
}

TEST_CASE("end causes: a stop of what does not run is no end", "[unit][supervisor]") {
    Ends bench;
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.ask([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.ask([&] { bench.supervisor.stop(0, bench.done()); });
    bench.ask([&] { bench.supervisor.start(0, bench.done()); });
    bench.happen(Spawned{12});
    bench.happen(Exited{7, 0});
    CHECK(bench.all().size() == 3);
    CHECK(bench.last().cause == EndCause{});
}

TEST_CASE("end causes: a launch that failed", "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(SpawnFailed{"cannot execute '/x': no such file", false});
    const auto ends = bench.supervisor.find(0)->ends.ends();
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].pid == 0);
    CHECK(ends[0].failure == "cannot execute '/x': no such file");
    CHECK(reason_word(ends[0]) == "not_started");
}

TEST_CASE("end causes: a changed file, and too much memory", "[unit][supervisor]") {
    ecosystem::AppConfig config = forked();
    config.watch = true;
    config.max_memory_restart.count = 500;
    Ends bench(std::move(config));
    bench.run([&] { bench.supervisor.files_changed({"web"}, "/srv/app.js"); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause == EndCause{Cause::Watch, "/srv/app.js", std::nullopt});
    bench.happen(Spawned{11});
    bench.pass(30s);
    bench.happen(Exited{0, 0});
    CHECK(bench.last().cause == EndCause{Cause::Memory,
                                         "1000 bytes of memory, more than its max_memory_restart of 500",
                                         std::nullopt});
}

TEST_CASE("end causes: cron_restart", "[unit][supervisor]") {
    ecosystem::AppConfig config = forked();
    config.cron_restart = "* * * * *";
    Ends bench(std::move(config));
    bench.pass(60s);
    bench.happen(Exited{0, 0});
    CHECK(bench.last().cause == EndCause{Cause::Cron, "* * * * *", std::nullopt});
}

TEST_CASE("end causes: a probe that gives up, and a watchdog", "[unit][supervisor]") {
    ecosystem::AppConfig config = forked();
    config.watchdog = 2s;
    Ends bench(std::move(config));
    bench.happen(Unhealthy{"liveness probe failed: connection refused (3 times)"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause ==
          EndCause{Cause::Probe, "liveness probe failed: connection refused (3 times)", std::nullopt});
    bench.happen(Spawned{11});
    bench.pass(2s);
    bench.happen(Exited{std::nullopt, SIGABRT});
    CHECK(bench.last().cause ==
          EndCause{Cause::Watchdog, "did not send WATCHDOG=1 for 2000 ms", std::nullopt});
}

TEST_CASE("end causes: a signal that a client has kpm send", "[unit][supervisor]") {
    Ends bench;
    const auto send = [&](int signo) { bench.ask([&] { CHECK(bench.supervisor.send_signal(0, signo)); }); };
    send(SIGUSR2);
    bench.happen(Exited{std::nullopt, SIGUSR2});
    CHECK(bench.last().cause == EndCause{Cause::Signal, "SIGUSR2", kAlice});

    bench.happen(Spawned{11});
    send(SIGTERM);
    bench.happen(Exited{0, 0});  // it handles it
    CHECK(bench.last().cause == EndCause{Cause::Signal, "SIGTERM", kAlice});

    bench.happen(Spawned{12});
    send(SIGTERM);
    bench.pass(1601ms);  // it passed over it
    bench.happen(Exited{1, 0});
    CHECK(bench.last().cause == EndCause{});

    bench.happen(Spawned{13});
    send(SIGUSR2);  // its logs are opened again, say
    bench.happen(Exited{1, 0});
    CHECK(bench.last().cause == EndCause{});

    bench.happen(Spawned{14});
    send(SIGUSR2);
    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    bench.happen(Exited{0, 0});
    CHECK(bench.last().cause.kind == Cause::Restart);
}

TEST_CASE("end causes: a worker that has lost its channel", "[unit][supervisor]") {
    Ends bench;
    bench.run([&] { bench.supervisor.channel_lost(bench.host.last(), "it was closed"); });
    bench.happen(Exited{std::nullopt, SIGTERM});
    CHECK(bench.last().cause == EndCause{Cause::Channel, "it was closed", std::nullopt});
}

TEST_CASE("end causes: a reload ends the old process, a failed one the new", "[unit][supervisor]") {
    Ends bench(reloadable());
    bench.happen(Ready{});
    const AppKey old = bench.host.last();
    bench.ask([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});
    bench.pass(3s);  // not ready in time
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.last().pid == 11);
    CHECK(bench.last().cause.kind == Cause::FailedReload);
    CHECK(bench.last().cause.detail == "cannot start 'render': not ready within 3000 ms");

    bench.ask([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{12});
    bench.happen(Ready{});
    bench.happen(old, Drained{});
    bench.happen(old, Exited{0, 0});
    bench.happen(old, TreeGone{});
    CHECK(bench.last().pid == 10);
    CHECK(bench.last().cause == EndCause{Cause::Reload, "", kAlice});
}

TEST_CASE("end causes: the history and who has asked survive the daemon, not a delete",
          "[unit][supervisor]") {
    Ends bench;
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.ask([&] { bench.supervisor.restart(0, bench.done()); });

    FakeHost host;
    host.state = bench.host.state;
    host.adoptable[2] = {Adopted::Kind::Ended, 11};
    Supervisor next(host, Settings{});
    next.restore(host.state);
    next.post({0, 2}, Exited{0, 0});
    next.drain();
    const auto ends = next.find(0)->ends.ends();
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].code == 1);
    CHECK(ends[1].cause == EndCause{Cause::Restart, "", kAlice});

    next.post([&] { next.remove(0, [](const Result<void>&) {}); });
    next.post({0, 2}, TreeGone{});
    next.drain();
    CHECK(next.slots().empty());
    CHECK(host.state.count("ends/0") == 0);
    next.post([&] { next.add({.config = forked(), .unique_id = "u"}, [](const Result<void>&) {}); });
    next.drain();
    REQUIRE(next.find(0) != nullptr);
    CHECK(next.find(0)->ends.ends().empty());
}

TEST_CASE("end causes: a reload goes on under the next daemon with who has asked for it",
          "[unit][supervisor]") {
    Ends bench(reloadable());
    bench.happen(Ready{});
    bench.ask([&] { bench.supervisor.reload(0, bench.done()); });
    bench.happen(Spawned{11});

    FakeHost host;
    host.state = bench.host.state;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    host.adoptable[2] = {Adopted::Kind::Alive, 11};
    Supervisor next(host, Settings{});
    next.restore(host.state);
    next.post({0, 2}, Ready{});
    next.drain();
    next.post({0, 1}, Exited{0, 0});
    next.drain();
    const auto ends = next.find(0)->ends.ends();
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].cause == EndCause{Cause::Reload, "", kAlice});
}

TEST_CASE("end causes: a SIGKILL that nobody asked for, while the OOM killer's count grew",
          "[unit][supervisor]") {
    Ends bench;
    const auto kill = [&](int pid) {
        bench.happen(Exited{std::nullopt, SIGKILL});
        bench.happen(Spawned{pid});
    };
    bench.host.machine_oom_kills.total = 8;
    kill(11);
    CHECK(bench.last().cause ==
          EndCause{Cause::OutOfMemory, "its count of control group '/apps' has grown", std::nullopt});
    CHECK(bench.supervisor.find(0)->current.life.data().failure ==
          "signal SIGKILL, probably by the kernel's OOM killer");
    CHECK(bench.host.logged.end() !=
          std::ranges::find(bench.host.logged,
                            "App [web:0] was probably ended by the kernel's OOM "
                            "killer: its count of control group '/apps' has grown"));
    kill(12);  // by somebody else
    CHECK(bench.last().cause == EndCause{});
    CHECK(bench.supervisor.find(0)->current.life.data().failure.empty());

    bench.add(forked("other"));
    bench.happen(Spawned{20});
    const auto kill_other = [&] {
        bench.happen(bench.supervisor.find(1)->key(), Exited{std::nullopt, SIGKILL});
        bench.happen(Spawned{21});
        return bench.all(1).back().cause;
    };
    const auto kill_first = [&] {
        bench.happen(bench.supervisor.find(0)->key(), Exited{std::nullopt, SIGKILL});
        bench.happen(Spawned{13});
        return bench.last().cause;
    };
    bench.host.machine_oom_kills.total = 10;  // one shortage, two victims
    CHECK(kill_first().kind == Cause::OutOfMemory);
    bench.pass(5s);
    CHECK(kill_other().kind == Cause::OutOfMemory);

    bench.host.machine_oom_kills.total = 12;  // two victims, of which only one was an app
    CHECK(kill_first().kind == Cause::OutOfMemory);
    bench.pass(11s);
    CHECK(kill_other() == EndCause{});
}

TEST_CASE("end causes: what the OOM killer did before the process began was not its end",
          "[unit][supervisor]") {
    Ends bench;
    bench.host.machine_oom_kills.total = 8;  // somebody else's
    SECTION("long ago") {
        bench.pass(24h);
    }
    SECTION("just now") {}
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.happen(Exited{std::nullopt, SIGKILL});
    CHECK(bench.last().cause == EndCause{});
}

TEST_CASE("end causes: the OOM killer's count is looked at for starts and unexplained SIGKILLs only",
          "[unit][supervisor]") {
    Ends bench;
    const int looks = bench.host.oom_looks;
    bench.host.machine_oom_kills.total = 8;
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.happen(Exited{std::nullopt, SIGTERM});
    bench.happen(Spawned{12});
    CHECK(bench.host.oom_looks == looks + 2);
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.pass(1600ms);
    bench.happen(Exited{std::nullopt, SIGKILL});
    bench.happen(TreeGone{});
    CHECK(bench.last().cause.kind == Cause::Stop);
    CHECK(bench.host.oom_looks == looks + 2);
}

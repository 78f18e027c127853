// What the supervisor makes of the ends of workers on a GPU: its pause, its probes, its health.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/core/rows.h"
#include "tests/unit/core/gpu_bench.h"

namespace kpm::core::supervisor_gpu_test {

TEST_CASE("supervisor gpu: exit code 69 is not tried again on that GPU", "[unit][supervisor][gpu]") {
    GpuBench bench;
    SECTION("auto goes on, and ends on the CPU") {
        bench.add_online(bench.app("auto"));
        bench.exit(0, 69);
        CHECK(bench.place() == "c1");
        bench.come_online();
        bench.exit(0, 69);
        CHECK(bench.place() == "cpu");
        bench.come_online();
        bench.exit(0, 69);  // not about a GPU any more: a crash as any
        CHECK(bench.host.keys.size() == 4);
        bench.come_online();
        // A client wants to see it tried.
        bench.run([&] { bench.supervisor.restart(0, bench.done()); });
        bench.exit(0, 0);
        bench.happen(bench.key(0), TreeGone{});
        CHECK(bench.place() == "41");
    }
    SECTION("an app that wants this one is given up at once") {
        bench.add_online(bench.app("41:00.0"));
        bench.exit(0, 69);
        CHECK(bench.state() == State::Errored);
        CHECK(bench.host.keys.size() == 1);
        CHECK(bench.supervisor.find(0)->current.life.data().failure ==
              "no GPU matches '41:00.0': the app cannot use 0000:41:00.0 (it exited with code 69)");
        bench.pass(1h);
        CHECK(bench.host.keys.size() == 1);
        bench.run([&] { bench.supervisor.start(0, bench.done()); });
        CHECK(bench.host.keys.size() == 2);
    }
    SECTION("nor with the software renderer") {
        bench.add_online(bench.app("software"));
        bench.exit(0, 69);
        CHECK(bench.state() == State::Errored);
        CHECK(bench.host.keys.size() == 1);
    }
    SECTION("of an app without GPU it means nothing") {
        ecosystem::AppConfig config = forked();
        config.min_uptime = 0ms;
        bench.add_online(config);
        bench.exit(0, 69);
        CHECK(bench.host.keys.size() == 2);
    }
}

TEST_CASE("supervisor gpu: one lost context restarts that worker at once, several wait",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    const int lost = GENERATE(75, 76);
    bench.add_online(bench.app("41:00.0"), 3);
    bench.exit(0, lost);
    CHECK(bench.state(0) == State::Spawning);
    bench.come_online();
    bench.pass(1s);
    bench.exit(1, lost);
    CHECK(bench.health(kFirst) == "held");
    CHECK(bench.state(1) == State::Backoff);
    bench.exit(2, 1);  // whatever it died of
    CHECK(bench.state(2) == State::Backoff);
    CHECK(bench.state(0) == State::Online);
    bench.host.take();
    bench.pass(4999ms);
    CHECK(bench.state(1) == State::Backoff);
    bench.pass(1ms);
    CHECK(bench.state(1) == State::Spawning);
    CHECK(bench.state(2) == State::Spawning);
    CHECK(bench.health(kFirst) == "healthy");
    CHECK(std::ranges::count(
              bench.host.logged,
              "GPU 0000:41:00.0 was lost by several workers at once: their restarts wait 5000 ms") == 1);
}

TEST_CASE("supervisor gpu: a client's stop or start does not wait with a held GPU",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("41:00.0"), 2);
    bench.exit(0, 75);
    bench.come_online();
    bench.exit(1, 75);
    REQUIRE(bench.state(1) == State::Backoff);
    SECTION("stop") {
        bench.run([&] { bench.supervisor.stop(1, bench.done()); });
        REQUIRE(bench.answer);
        CHECK(bench.state(1) == State::Stopped);
        bench.pass(1min);
        CHECK(bench.state(1) == State::Stopped);
    }
    SECTION("start") {
        bench.run([&] { bench.supervisor.start(1, bench.done()); });
        CHECK(bench.state(1) == State::Spawning);
    }
}

TEST_CASE("supervisor gpu: lost again after the pause the GPU is given up, its workers move",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    const bool is_auto = GENERATE(true, false);
    bench.add_online(bench.app(is_auto ? "auto" : "41:00.0"), is_auto ? 4 : 2);
    const int other = is_auto ? 2 : 1;  // on the same GPU as the first
    REQUIRE(bench.place(other) == "41");
    const auto lose = [&] {
        for (const int pm_id : {0, other}) bench.exit(pm_id, 75);
    };
    bench.exit(0, 75);
    bench.come_online();
    bench.exit(other, 75);
    bench.pass(5s);
    bench.come_online();
    REQUIRE(bench.state(other) == State::Online);
    lose();
    CHECK(bench.health(kFirst) == "unhealthy");
    if (is_auto) {
        bench.pass(0ms);
        CHECK(bench.place(other) == "c1");
        bench.happen(bench.key(0), Spawned{100});
        bench.exit(0, 1);
        CHECK(bench.place(0) == "c1");  // it was on its way when the GPU was given up
        // And none is left.
        bench.host.machine_gpus.devices.pop_back();
        bench.pass(1s);
        bench.happen(bench.key(0), Spawned{101});
        bench.exit(0, 1);
        CHECK(bench.told("RW_GPU") == "off");
    } else {
        CHECK(bench.state(other) == State::Errored);
        CHECK(bench.supervisor.find(other)->current.life.data().failure ==
              "no GPU matches '41:00.0': 0000:41:00.0 is unhealthy, its workers lost it again and again");
    }
}

TEST_CASE("supervisor gpu: after the pause the GPU is probed, its workers start when it answers",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.lose_both("41:00.0");
    CHECK(bench.health(kFirst) == "held");
    CHECK(std::ranges::count(
              bench.host.logged,
              "GPU 0000:41:00.0 was lost by several workers at once: their restarts wait 5000 ms, "
              "and until it answers a probe") == 1);
    bench.pass(3s);
    CHECK(bench.state(1) == State::Backoff);
    const bool answers = GENERATE(true, false);
    bench.tell(answers ? GpuProbeResult::Answers : GpuProbeResult::Unknown);
    CHECK(bench.state(1) == State::Spawning);
    CHECK(bench.place(1) == "41");
    CHECK(bench.health(kFirst) == "healthy");
    CHECK(std::ranges::count(bench.host.logged,
                             answers ? "GPU 0000:41:00.0 answers a probe: its workers are started"
                                     : "GPU 0000:41:00.0 cannot be probed: its workers are started") == 1);
    // Once more is not asked.
    bench.host.take();
    bench.pass(30s);
    CHECK_FALSE(bench.probed());
}

TEST_CASE("supervisor gpu: two probes that fail give the GPU up, its workers move",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    const bool is_auto = GENERATE(true, false);
    bench.lose_both(is_auto ? "auto" : "41:00.0");
    bench.tell(GpuProbeResult::Fails);
    CHECK(bench.state(bench.other) == State::Backoff);
    CHECK(bench.host.wake == bench.host.now() + 5s);
    bench.pass(4999ms);
    CHECK_FALSE(bench.probed());
    bench.pass(1ms);
    CHECK(bench.probed());
    bench.tell(GpuProbeResult::Fails);
    CHECK(bench.health(kFirst) == "unhealthy");
    CHECK(bench.state(0) == State::Online);  // it may be well
    if (is_auto) {
        CHECK(bench.state(bench.other) == State::Spawning);
        CHECK(bench.place(bench.other) == "c1");
    } else {
        CHECK(bench.state(bench.other) == State::Errored);
    }
    CHECK(std::ranges::count(bench.host.logged,
                             "GPU 0000:41:00.0 does not answer several probes: it is unhealthy, nothing is "
                             "started on it any more") == 1);
}

TEST_CASE("supervisor gpu: a result that comes when the hold is over changes nothing",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.lose_both("41:00.0");
    SECTION("the probe was never answered: its workers start without") {
        bench.pass(25'999ms);
        CHECK(bench.state(1) == State::Backoff);
        bench.pass(1ms);
        CHECK(bench.state(1) == State::Spawning);
        bench.tell(GpuProbeResult::Fails);
        bench.pass(1min);
        CHECK_FALSE(bench.probed());
        CHECK(bench.health(kFirst) == "healthy");
    }
    SECTION("it was given up") {
        for (int i = 0; i < 2; ++i) {
            bench.tell(GpuProbeResult::Fails);
            bench.pass(5s);
        }
        REQUIRE(bench.health(kFirst) == "unhealthy");
        bench.tell(GpuProbeResult::Answers);
        CHECK(bench.health(kFirst) == "unhealthy");
    }
    SECTION("a client did not wait") {
        bench.run([&] { bench.supervisor.start(1, bench.done()); });
        REQUIRE(bench.state(1) == State::Spawning);
        const std::size_t launches = bench.host.keys.size();
        bench.tell(GpuProbeResult::Answers);
        CHECK(bench.host.keys.size() == launches);
        CHECK(bench.health(kFirst) == "healthy");
    }
}

TEST_CASE("supervisor gpu: a GPU without workers is not probed, nor any where that cannot be done",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.host.has_gpu_probe = GENERATE(true, false);
    bench.add_online(bench.app("41:00.0"), 2);
    bench.exit(0, 75);
    bench.come_online();
    bench.exit(1, 75);
    REQUIRE(bench.state(1) == State::Backoff);
    if (bench.host.has_gpu_probe) {
        const AppKey running = bench.key(0);
        for (const int pm_id : {0, 1}) bench.run([&] { bench.supervisor.remove(pm_id, bench.done()); });
        bench.happen(running, Exited{0, 0});
        bench.happen(running, TreeGone{});
        REQUIRE_FALSE(bench.supervisor.find(0));
        REQUIRE_FALSE(bench.supervisor.find(1));
    }
    bench.host.take();
    bench.pass(5s);
    CHECK_FALSE(bench.probed());
    CHECK(bench.health(kFirst) == "healthy");
    if (!bench.host.has_gpu_probe) CHECK(bench.state(1) == State::Spawning);
}

// A driver that hangs takes the exit code with it.
TEST_CASE("supervisor gpu: workers that their watchdog ends have lost the GPU, too",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    ecosystem::AppConfig config = bench.app("41:00.0");
    config.watchdog = 10s;
    bench.add_online(config, 2);
    for (const int pm_id : {0, 1}) {
        bench.happen(bench.key(pm_id), Tripped{});
        REQUIRE(bench.state(pm_id) == State::Stopping);
        bench.exit(pm_id, 134);
    }
    CHECK(bench.health(kFirst) == "held");
}

TEST_CASE("supervisor gpu: workers that cannot be killed have lost it, and still take their place",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    const auto stop_in_vain = [&](int first, int last) {
        for (int pm_id = first; pm_id <= last; ++pm_id)
            bench.run([&] { bench.supervisor.stop(pm_id, bench.done()); });
        bench.pass(1h);  // SIGKILL
        bench.pass(1h);
        REQUIRE(bench.state(last) == State::Errored);
    };
    bench.add_online(bench.app("auto"));
    REQUIRE(bench.place(0) == "41");
    stop_in_vain(0, 0);
    bench.add_online(bench.app("auto"));
    CHECK(bench.place(1) == "c1");

    bench.add_online(bench.app("c1:00.0"), 2);
    stop_in_vain(2, 3);
    CHECK(std::ranges::count(
              bench.host.logged,
              "GPU 0000:c1:00.0 was lost by several workers at once: their restarts wait 5000 ms") == 1);
}

TEST_CASE("supervisor gpu: codes of a worker that was told to end say nothing", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("41:00.0"), 2);
    for (const int pm_id : {0, 1}) {
        bench.run([&] { bench.supervisor.stop(pm_id, bench.done()); });
        bench.exit(pm_id, 75);
        bench.happen(bench.key(pm_id), TreeGone{});
    }
    CHECK(bench.health(kFirst) == "healthy");
}

}  // namespace kpm::core::supervisor_gpu_test

// Which GPU the supervisor starts a worker on.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/core/rows.h"
#include "tests/unit/core/gpu_bench.h"

namespace kpm::core::supervisor_gpu_test {

TEST_CASE("supervisor gpu: an app without the attribute gets nothing, and nobody looks for GPUs",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(forked());
    CHECK_FALSE(bench.looked());
    CHECK(bench.place().empty());
    for (const char* name :
         {"RW_GPU", "CUDA_VISIBLE_DEVICES", "__EGL_VENDOR_LIBRARY_FILENAMES", "LP_NUM_THREADS"})
        CHECK(bench.told(name) == "(unset)");
    CHECK_FALSE(pm2_env(*bench.supervisor.find(0)).contains("gpu_state"));
    CHECK(bench.host.state.at("run/0").find("gpu") == std::string::npos);
}

TEST_CASE("supervisor gpu: an app that wants none is told so, and nobody looks", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("none"));
    CHECK_FALSE(bench.looked());
    CHECK(bench.told("RW_GPU") == "off");
    CHECK(bench.place() == "cpu");
}

TEST_CASE("supervisor gpu: instances are spread, each is told its own, the machine is looked at once",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"));
    CHECK(bench.told("RW_GPU") == "pci:" + kFirst);
    CHECK(bench.looked());
    bench.add_online(bench.app("auto"));
    CHECK(bench.told("RW_GPU") == "pci:" + kSecond);
    CHECK_FALSE(bench.looked());
    bench.pass(1s);
    bench.add_online(bench.app("auto"));
    CHECK(bench.looked());
    CHECK(bench.place(2) == "41");
    CHECK(pm2_env(*bench.supervisor.find(2))["gpu_state"]["pci"] == kFirst);
}

TEST_CASE("supervisor gpu: a worker keeps its GPU over crashes, restarts and stops",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"), 2);
    bench.exit(1, 1);
    bench.come_online();
    CHECK(bench.told("RW_GPU") == "pci:" + kSecond);
    bench.exit(0, 0);
    bench.come_online();
    CHECK(bench.place(0) == "41");
    bench.run([&] { bench.supervisor.restart(1, bench.done()); });
    bench.exit(1, 0);
    bench.happen(bench.key(1), TreeGone{});
    bench.come_online();
    CHECK(bench.place(1) == "c1");
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.exit(0, 0);
    bench.happen(bench.key(0), TreeGone{});
    bench.run([&] { bench.supervisor.start(0, bench.done()); });
    CHECK(bench.place(0) == "41");
}

TEST_CASE("supervisor gpu: a deleted worker's place is free again, a stopped one's room too",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    ecosystem::AppConfig config = bench.app("41:00.0");
    config.max_workers_per_gpu = 1;
    bench.add_online(config);
    bench.add(config);
    CHECK(bench.error() ==
          "cannot start 'render': no GPU matches '41:00.0': 0000:41:00.0 has 1 worker (max_workers_per_gpu)");
    CHECK(bench.state(1) == State::Errored);
    SECTION("deleted") {
        bench.run([&] { bench.supervisor.remove(0, bench.done()); });
    }
    SECTION("stopped") {
        bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    }
    bench.happen(AppKey{0, 1}, Exited{0, 0});
    bench.happen(AppKey{0, 1}, TreeGone{});
    bench.run([&] { bench.supervisor.start(1, bench.done()); });
    bench.come_online();
    CHECK(bench.state(1) == State::Online);
    CHECK(bench.place(1) == "41");
}

TEST_CASE("supervisor gpu: a selection that nothing matches is an error, auto is the CPU",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add(bench.app("vendor:intel"));
    CHECK(bench.error() == "cannot start 'render': no GPU matches 'vendor:intel'");
    CHECK(bench.state() == State::Errored);
    CHECK(bench.host.keys.empty());
    bench.pass(1s);
    bench.host.machine_gpus.devices.clear();
    bench.add_online(bench.app("auto"));
    CHECK(bench.told("RW_GPU") == "off");
    CHECK(bench.place(1) == "cpu");
    // It was no assignment: what comes later is taken.
    bench.pass(1s);
    bench.host.machine_gpus.devices.push_back({.pci = kFirst});
    bench.exit(1, 1);
    CHECK(bench.told("RW_GPU") == "pci:" + kFirst);
}

TEST_CASE("supervisor gpu: the next daemon knows the places", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.host.machine_gpus.nvidia_egl = "/egl/nvidia.json";
    bench.host.machine_gpus.devices[1].uuid = "5e2bd8c5-0f3a-4b1c-9d7e-001122334455";
    bench.add_online(bench.app("auto"), 2);
    bench.add_online(bench.app("software"));
    bench.add_online(bench.app("none"));
    bench.add_online(forked());
    GpuBench next;
    for (const auto& key : bench.host.keys) next.host.adoptable[key.incarnation] = {Adopted::Kind::Alive, 10};
    next.supervisor.restore(bench.host.state);
    next.supervisor.drain();
    CHECK_FALSE(next.looked());
    for (int pm_id = 0; pm_id < 5; ++pm_id) CHECK(next.place(pm_id) == bench.place(pm_id));
    CHECK(next.supervisor.find(1)->gpu->placement == bench.supervisor.find(1)->gpu->placement);
    next.exit(1, 1);
    CHECK(next.place(1) == "c1");
    next.add(next.app("auto"));
    CHECK(next.place(5) == "41");
}

TEST_CASE("supervisor gpu: another selection counts from the next start, none takes the place away",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("41:00.0"));
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, bench.app("c1:00.0"))); });
    CHECK(bench.place() == "41");
    bench.exit(0, 1);
    CHECK(bench.place() == "c1");
    bench.come_online();
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, bench.app(""))); });
    bench.exit(0, 1);
    CHECK(bench.place().empty());
    CHECK(bench.told("RW_GPU") == "(unset)");
}

}  // namespace kpm::core::supervisor_gpu_test

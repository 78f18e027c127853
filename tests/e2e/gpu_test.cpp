// GPUs of a machine that is made of files (KPM_GPU_ROOT): who is placed where, and what comes of its end.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>

#include "tests/support/eventually.h"
#include "tests/support/gpu_tree.h"
#include "tests/support/kpm_home.h"

namespace kpm::gpu_test {
using namespace test;

namespace {

// Leaves its environment in a file, and ends with the code that it finds in one.
constexpr const char* kWorker =
    "#!/bin/sh\n"
    "env > env.$NODE_APP_INSTANCE.tmp; mv env.$NODE_APP_INSTANCE.tmp env.$NODE_APP_INSTANCE\n"
    "while :; do [ -e end ] && exit $(cat end); sleep 0.1; done\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

struct Machine {
    GpuTree tree;
    // `library`: which of NVIDIA's there is, of tests/integration/gpu_monitor.
    std::string library = "none";
    KpmHome kpm{{{"KPM_GPU_ROOT", tree.root()},
                 {"LD_LIBRARY_PATH", KPM_FAKE_NVML + library},
                 {"FAKE_NVML", tree.root() + "/nvml"}}};

    explicit Machine(std::string kind = "none") : library(std::move(kind)) {
        tree.add_four();
        tree.write("usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}");
        kpm.write("worker.sh", kWorker);
    }
    CommandResult start(const std::string& gpu, int instances = 1) const {
        kpm.write("app.json", R"({"name":"render","script":"worker.sh","min_uptime":100,"gpu":")" + gpu +
                                  R"(","instances":)" + std::to_string(instances) + "}");
        return kpm.kpm({"start", "app.json"});
    }
    std::string environment(int instance) const {
        const auto file = kpm.work() / ("env." + std::to_string(instance));
        REQUIRE(eventually([&] { return std::filesystem::exists(file); }));
        return "\n" + kpm.read(file);
    }
    Json gpus() const { return Json::parse(kpm.kpm({"gpu", "--json"}).out); }
    Json gpu(const std::string& pci) const {
        for (const Json& one : gpus())
            if (one["pci"] == pci) return one;
        return {};
    }
    std::string status(int pm_id) const {
        for (const Json& row : kpm.list())
            if (row["pm_id"] == pm_id) return row["pm2_env"]["status"];
        return "";
    }
    void end_with(int code) const { std::ofstream(kpm.work() / "end") << code; }
};

}  // namespace

TEST_CASE("gpu: workers are spread, told by variables, listed, and known to the next daemon", "[e2e]") {
    const Machine machine;
    const KpmHome& kpm = machine.kpm;
    const CommandResult started = machine.start("vendor:nvidia", 2);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const std::string first = machine.environment(0), second = machine.environment(1);
    CHECK(has(first, "\nRW_GPU=pci:0000:41:00.0\n"));
    CHECK(has(first, "\nCUDA_VISIBLE_DEVICES=GPU-5e2bd8c5-0f3a-4b1c-9d7e-001122334455\n"));
    CHECK(has(first, "\n__EGL_VENDOR_LIBRARY_FILENAMES=/usr/share/glvnd/egl_vendor.d/10_nvidia.json\n"));
    CHECK_FALSE(has(first, "\nLP_NUM_THREADS="));
    CHECK(has(second, "\nRW_GPU=pci:0000:c1:00.0\n"));
    CHECK(has(kpm.kpm({"list"}).out, "│ 41:00.0"));
    CHECK(has(kpm.kpm({"describe", "1"}).out, "0000:c1:00.0, NVIDIA A40, GPU-aaaaaaaa"));
    const CommandResult table = kpm.kpm({"gpu"});
    CHECK(table.status == 0);
    CHECK(has(table.out, "NVIDIA H100 80GB HBM3"));
    CHECK(has(table.out, "render (1)"));
    REQUIRE(machine.gpus().size() == 4);
    CHECK(machine.gpu("0000:00:02.0")["workers"].empty());

    REQUIRE(kpm.kpm({"update"}).status == 0);
    CHECK(machine.gpu("0000:c1:00.0")["workers"][0]["pm_id"] == 1);
    REQUIRE(kpm.kpm({"delete", "1"}).status == 0);
    CHECK(machine.gpu("0000:c1:00.0")["workers"].empty());
}

TEST_CASE("gpu: an app without the attribute gets nothing, and lists are PM2's", "[e2e]") {
    const Machine machine;
    REQUIRE(machine.start("").status == 0);
    CHECK_FALSE(has(machine.environment(0), "\nRW_GPU="));
    CHECK_FALSE(has(machine.kpm.kpm({"list"}).out, "gpu"));
    CHECK_FALSE(machine.kpm.find("render")["pm2_env"].contains("gpu_state"));
}

TEST_CASE("gpu: what nothing matches is not started, auto goes without", "[e2e]") {
    const Machine machine;
    CommandResult started = machine.start("0000:99:00.0");
    CHECK(started.status == 1);
    INFO(started.out << started.err);
    CHECK(has(started.err + started.out, "cannot start 'render': no GPU matches '0000:99:00.0'"));
    started = machine.start("3");
    CHECK(started.status == 1);
    CHECK(has(started.err + started.out, "expected auto, none, cpu, software"));
    REQUIRE(machine.kpm.kpm({"delete", "all"}).status == 0);
    for (const char* folder : {"sys", "proc"}) machine.tree.remove(folder);
    // Who asks has kpmd look anew; for a start a look of the last second would do.
    CHECK(has(machine.kpm.kpm({"gpu"}).out, "no GPU found"));
    REQUIRE(machine.start("auto").status == 0);
    CHECK(has(machine.environment(0), "\nRW_GPU=off\n"));
}

TEST_CASE("gpu: workers that lose it together wait, and one that cannot use it is given up", "[e2e]") {
    const Machine machine;
    machine.tree.remove("usr");  // a probe loads the system's EGL, not the driver that is named there
    REQUIRE(machine.start("0000:41:00.0", 2).status == 0);
    machine.environment(0);
    machine.environment(1);
    const auto are_given_up = [&] {
        return machine.status(0) == "errored" && machine.status(1) == "errored";
    };
    SECTION("lost") {
        machine.end_with(75);
        CHECK(eventually(are_given_up, std::chrono::minutes{2}));  // two probes, of up to 10 s each
        CHECK(machine.gpu("0000:41:00.0")["health"] == "unhealthy");
        CHECK(machine.gpu("0000:c1:00.0")["health"] == "healthy");
        const std::string log = machine.kpm.daemon_log();
        const auto held = log.find("GPU 0000:41:00.0 was lost by several workers at once");
        REQUIRE(held != std::string::npos);
        // EGL knows none of this machine's GPUs.
        const auto asked = log.find("GPU 0000:41:00.0 does not answer a probe", held);
        REQUIRE(asked != std::string::npos);
        CHECK(log.find("GPU 0000:41:00.0 does not answer several probes", asked) != std::string::npos);
    }
    SECTION("unusable") {
        machine.end_with(69);
        CHECK(eventually(are_given_up));
        CHECK(machine.kpm.find("render")["pm2_env"]["restart_time"] <= 1);
    }
}

TEST_CASE("gpu: a worker that opens another GPU than its own is told of", "[e2e]") {
    const Machine machine;
    // Nodes that every machine has stand for the GPUs': /dev/full, and /dev/zero.
    machine.tree.write("proc/devices", "Character devices:\n  1 nvidia-frontend\n");
    machine.tree.add_nvidia("0000:41:00.0", "NVIDIA H100", "", "", 7);
    machine.tree.add_nvidia("0000:C1:00.0", "NVIDIA A40", "", "", 5);
    machine.kpm.write("worker.sh",
                      "#!/bin/sh\nexec 8>/dev/full\n[ -e stray ] && exec 9</dev/zero\n"
                      "echo > open\nwhile :; do sleep 0.1; done\n");
    const auto described_once_open = [&] {
        CHECK(eventually([&] { return std::filesystem::exists(machine.kpm.work() / "open"); }));
        machine.tree.remove(machine.kpm.work() / "open");
        return machine.kpm.kpm({"describe", "render"}).out;
    };
    const std::string warning = "uses GPU 0000:c1:00.0, was assigned 0000:41:00.0";
    REQUIRE(machine.start("41:00.0").status == 0);
    const std::string well = described_once_open();
    CHECK(has(well, "0000:41:00.0"));
    CHECK_FALSE(has(well, "uses GPU"));
    const Json unknown{{"percent", nullptr}, {"memory", nullptr}};
    CHECK(machine.kpm.find("render")["monit"]["gpu"] == unknown);

    machine.kpm.write("stray", "");
    REQUIRE(machine.kpm.kpm({"restart", "render"}).status == 0);
    CHECK(has(described_once_open(), warning));
    CHECK(has(machine.kpm.kpm({"describe", "render"}).out, warning));
    const std::string log = machine.kpm.daemon_log();
    const auto told = log.find("App [render:0] " + warning);
    REQUIRE(told != std::string::npos);
    CHECK(log.find(warning, told + 60) == std::string::npos);
}

TEST_CASE("gpu: NVIDIA's library tells through a program of its own what GPUs and workers do", "[e2e]") {
    const Machine machine("new");
    CHECK(machine.gpu("0000:c1:00.0")["percent"].is_null());  // nobody uses one: nobody is asked
    REQUIRE(machine.start("0000:c1:00.0").status == 0);
    machine.tree.write("nvml", "worker " + std::to_string(machine.kpm.find("render")["pid"].get<int>()));
    Json gpu;
    // What the list has asked for may be of the moment before.
    CHECK(eventually([&] {
        gpu = machine.gpu("0000:c1:00.0");
        return gpu["workers"][0]["gpu_percent"] == 12;
    }));
    INFO(gpu << machine.kpm.daemon_log());
    CHECK(gpu["percent"] == 70);
    CHECK(gpu["memory_total_bytes"] == std::uint64_t{80} << 30);
    CHECK(gpu["memory_used_bytes"] == std::uint64_t{8} << 30);
    CHECK(gpu["power_watts"] == 60.0);
    CHECK(gpu["temperature_celsius"].is_null());
    REQUIRE(gpu["workers"].size() == 1);
    CHECK(gpu["workers"][0]["gpu_percent"] == 12);
    CHECK(gpu["workers"][0]["memory_bytes"] == std::uint64_t{3} << 30);
    CHECK(machine.gpu("0000:41:00.0")["temperature_celsius"] == 45);
    const std::string table = machine.kpm.kpm({"gpu"}).out;
    CHECK(has(table, "│ 4.0gb/80.0gb"));
    CHECK(has(table, "│ 120.5 W"));
    // Nothing of it is in the daemon.
    const std::string maps = machine.kpm.read("/proc/" + std::to_string(machine.kpm.daemon_pid()) + "/maps");
    CHECK(has(maps, "kpmd"));
    CHECK_FALSE(has(maps, "nvidia-ml"));
}

TEST_CASE("gpu: a library of NVIDIA's that hangs or crashes costs the figures, and not for ever", "[e2e]") {
    const Machine machine("new");
    const KpmHome& kpm = machine.kpm;
    const bool hangs = GENERATE(true, false);
    machine.tree.write("nvml", hangs ? "hang" : "crash");
    REQUIRE(machine.start("0000:c1:00.0").status == 0);
    const int daemon = kpm.daemon_pid();
    RunningCommand asking({(bin_dir() / "kpm").string(), "gpu", "--json"}, kpm.env(), kpm.work().string());
    if (hangs) {
        const std::string mark = machine.tree.root() + "/nvml.hangs";
        REQUIRE(eventually([&] { return std::filesystem::exists(mark); }));
        CHECK(kpm.find("render")["pm2_env"]["status"] == "online");
    }
    REQUIRE(eventually([&] { return has(asking.output(), "0000:c1:00.0"); }));
    CHECK_FALSE(has(asking.output(), "\"percent\": 70"));
    CHECK(has(kpm.daemon_log(),
              hangs ? "kpm-gpu-monitor: no answer within 5 s" : "kpm-gpu-monitor: it has ended"));
    machine.tree.write("nvml", "worker 1");
    CHECK(eventually([&] { return machine.gpu("0000:c1:00.0")["percent"] == 70; }));
    CHECK(kpm.daemon_pid() == daemon);
}

TEST_CASE("gpu: without NVIDIA's library there are no figures, without its driver nobody asks", "[e2e]") {
    const Machine machine;
    const KpmHome& kpm = machine.kpm;
    const std::string trouble = "kpm-gpu-monitor: cannot load 'libnvidia-ml.so.1'";
    SECTION("no driver") {
        machine.tree.remove("proc");
        REQUIRE(machine.start("0000:03:00.0").status == 0);
        CHECK(machine.gpu("0000:03:00.0")["memory_used_bytes"] == 1073741824);
        CHECK_FALSE(has(kpm.daemon_log(), "kpm-gpu-monitor"));
    }
    SECTION("no library") {
        REQUIRE(machine.start("0000:41:00.0").status == 0);
        CHECK(machine.gpu("0000:41:00.0")["memory_used_bytes"].is_null());
        CHECK(machine.gpu("0000:41:00.0")["workers"][0]["memory_bytes"].is_null());
        const std::string log = kpm.daemon_log();
        const auto said = log.find(trouble);
        REQUIRE(said != std::string::npos);
        CHECK(log.find(trouble, said + 1) == std::string::npos);
    }
}

}  // namespace kpm::gpu_test

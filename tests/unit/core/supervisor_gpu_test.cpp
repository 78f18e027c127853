// Which GPU the supervisor starts a worker on, and what it makes of the worker's end.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/commands/command.h"
#include "daemon/commands/inspect_commands.h"
#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

const std::string kFirst = "0000:41:00.0";
const std::string kSecond = "0000:c1:00.0";

struct GpuBench : Bench {
    GpuBench() {
        for (const std::string& pci : {kFirst, kSecond})
            host.machine_gpus.devices.push_back(
                {.pci = pci, .vendor = "nvidia", .driver = "nvidia", .name = "NVIDIA A40"});
    }
    static ecosystem::AppConfig app(std::string gpu, std::string name = "render") {
        ecosystem::AppConfig config = forked(std::move(name));
        config.gpu = std::move(gpu);
        return config;
    }
    // Adds instances that come online.
    void add_online(const ecosystem::AppConfig& config, int instances = 1) {
        for (int i = 0; i < instances; ++i) {
            add(config);
            come_online();
        }
    }
    void come_online() { happen(Spawned{pid_++}); }
    AppKey key(int pm_id) const { return supervisor.find(pm_id)->key(); }
    void exit(int pm_id, int code) { happen(key(pm_id), Exited{code, 0}); }
    // "41", "c1", "cpu", "software", "" = never placed
    std::string place(int pm_id = 0) const {
        const auto& gpu = supervisor.find(pm_id)->gpu;
        if (!gpu) return "";
        const std::string kind = gpu_state(gpu->placement)["kind"];
        return kind == "gpu" ? gpu->placement.pci.substr(5, 2) : kind;
    }
    // A variable of the newest launch; "(unset)".
    std::string told(const std::string& name) const {
        for (const std::string& line : host.specs.at(host.last().incarnation).env)
            if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
        return "(unset)";
    }
    bool looked() {
        const Lines calls = host.take();
        return std::ranges::find(calls, "gpus") != calls.end();
    }
    // Two workers of a GPU that can be probed lose it; its pause passes.
    void lose_both(const std::string& gpu) {
        host.has_gpu_probe = true;
        add_online(app(gpu), gpu == "auto" ? 3 : 2);
        other = gpu == "auto" ? 2 : 1;  // on the same GPU as the first
        exit(0, 75);
        come_online();
        exit(other, 75);
        host.take();
        pass(4999ms);
        CHECK_FALSE(probed());
        pass(1ms);
        CHECK(probed());
        CHECK(state(other) == State::Backoff);
    }
    bool probed() {
        const Lines calls = host.take();
        return std::ranges::find(calls, "probe-gpu " + kFirst) != calls.end();
    }
    void tell(GpuProbeResult result) {
        run([&] { supervisor.gpu_probed(kFirst, result); });
    }
    int other = 0;
    std::string health(const std::string& pci) {
        for (const GpuReport& gpu : supervisor.gpu_report())
            if (gpu.device.pci == pci) return std::string(to_text(gpu.health));
        return "";
    }

private:
    int pid_ = 10;
};

}  // namespace

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

TEST_CASE("supervisor gpu: kpm.gpus lists GPUs, health and workers", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"), 3);
    bench.add_online(bench.app("none"));
    bench.host.gpu_used = {12.5, 4096};
    const auto worker = [](int pm_id) {
        return Json{{"pm_id", pm_id},
                    {"name", "render"},
                    {"status", "online"},
                    {"gpu_percent", 12.5},
                    {"memory_bytes", 4096}};
    };
    bench.host.machine_gpus.devices[0].readings = {.memory_total = 9000,
                                                   .memory_used = 8192,
                                                   .percent = 40,
                                                   .temperature = 45,
                                                   .power = 120.5,
                                                   .mig = false};
    std::optional<Json> told;
    bench.run([&] {
        find_command("kpm.gpus")->run(bench.supervisor, Json::array(), [&](Result<Json> result) {
            told = *result;
        });
    });
    REQUIRE_FALSE(told);  // the figures are on their way
    bench.host.gpu_refresh_done();
    bench.supervisor.drain();
    REQUIRE(told);
    const Json& answer = *told;
    REQUIRE(answer.size() == 2);
    CHECK(answer[0] == Json{{"pci", kFirst},
                            {"uuid", nullptr},
                            {"render_node", nullptr},
                            {"vendor", "nvidia"},
                            {"driver", "nvidia"},
                            {"name", "NVIDIA A40"},
                            {"health", "healthy"},
                            {"percent", 40},
                            {"memory_total_bytes", 9000},
                            {"memory_used_bytes", 8192},
                            {"temperature_celsius", 45},
                            {"power_watts", 120.5},
                            {"mig", false},
                            {"workers", {worker(0), worker(2)}}});
    CHECK(answer[1]["workers"].size() == 1);
    CHECK(answer[1]["percent"].is_null());
}

TEST_CASE("supervisor gpu: nobody asks for figures while no worker uses a GPU", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("none"));
    bench.add_online(bench.app("auto"));
    bench.run([&] { bench.supervisor.stop(1, bench.done()); });
    bench.exit(1, 0);
    bench.happen(bench.key(1), TreeGone{});
    bench.host.take();
    Json answer;
    bench.run([&] {
        find_command("kpm.gpus")->run(bench.supervisor, Json::array(), [&](Result<Json> result) {
            answer = *result;
        });
    });
    CHECK(answer.size() == 2);
    CHECK(bench.host.take() == Lines{"gpus"});
}

TEST_CASE("supervisor gpu: rows tell what those use that have a place on a GPU", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"));
    bench.add_online(bench.app("none"));
    bench.add_online(forked());
    bench.add(bench.app("auto"));  // not online yet
    bench.host.gpu_used = {12.5, std::nullopt};
    bench.host.take();
    const Json rows = Json::parse(monitor_data(bench.supervisor, Json::array()));
    REQUIRE(rows.size() == 4);
    CHECK(rows[0]["monit"]["gpu"] == Json{{"percent", 12.5}, {"memory", nullptr}});
    for (std::size_t i : {1, 2, 3}) CHECK_FALSE(rows[i]["monit"].contains("gpu"));
    CHECK(std::ranges::count(bench.host.take(), "gpu-usage 0000:41:00.0") == 1);
}

TEST_CASE("supervisor gpu: a worker that uses too much of its GPU's memory is restarted",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    ecosystem::AppConfig config = bench.app("41:00.0");
    config.max_gpu_memory = ecosystem::Bytes{1000};
    bench.add_online(config);
    bench.host.take();
    bench.host.gpu_used.memory = 1000;
    bench.pass(30s);
    CHECK(bench.host.take() == Lines{"gpu-usage 0000:41:00.0"});
    bench.host.gpu_used.memory.reset();  // a driver that does not tell
    bench.pass(30s);
    CHECK(bench.state() == State::Online);
    bench.host.gpu_used.memory = 1001;
    bench.pass(30s);
    CHECK(bench.state() == State::Stopping);
    CHECK(
        std::ranges::count(bench.host.logged,
                           "App [render:0] is restarted because it uses 1001 bytes of GPU 0000:41:00.0, more "
                           "than its max_gpu_memory of 1000") == 1);
}

TEST_CASE("supervisor gpu: a worker that has other GPUs open is told of, once for each process",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("41:00.0"));
    const auto warnings = [&](const std::string& others) {
        return std::ranges::count(bench.host.logged,
                                  "App [render:0] uses GPU " + others + ", was assigned 0000:41:00.0");
    };
    const auto told = [&] {
        return pm2_env(*bench.supervisor.find(0))["gpu_state"].value("also_uses", Json());
    };
    bench.pass(30s);
    CHECK(told().is_null());
    bench.host.gpu_used.others = {kSecond};
    bench.pass(29s);
    CHECK(warnings(kSecond) == 0);
    bench.pass(1s);
    CHECK(warnings(kSecond) == 1);
    CHECK(told() == Json{kSecond});
    bench.host.gpu_used.others = {"0000:00:02.0", kSecond};
    bench.pass(60s);
    bench.host.gpu_used.others.clear();  // it has closed them: what was seen stays seen
    bench.pass(60s);
    CHECK(warnings(kSecond) == 1);
    CHECK(told() == Json{"0000:00:02.0", kSecond});
    CHECK(bench.state() == State::Online);

    bench.exit(0, 1);
    bench.come_online();
    CHECK(told().is_null());
    bench.host.gpu_used.others = {"0000:00:02.0", kSecond};
    monitor_data(bench.supervisor, Json::array());  // any look tells
    CHECK(warnings("0000:00:02.0, " + kSecond) == 1);
}

TEST_CASE("supervisor gpu: memory of a GPU is not asked for where none is used", "[unit][supervisor][gpu]") {
    GpuBench bench;
    ecosystem::AppConfig config = bench.app("none");
    config.max_gpu_memory = ecosystem::Bytes{1000};
    bench.add_online(config);
    bench.host.take();
    bench.pass(30s);
    CHECK(bench.host.take().empty());
    CHECK(bench.state() == State::Online);
}

TEST_CASE("supervisor gpu: a row's text has the place, a dump has not", "[unit][supervisor][gpu][rows]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"));
    std::string text;
    RowTexts texts;
    texts.append(text, *bench.supervisor.find(0), {});
    CHECK(Json::parse(text)["pm2_env"]["gpu_state"]["pci"] == kFirst);
    CHECK(Json::parse(text)["pm2_env"]["gpu"] == "auto");
    CHECK_FALSE(dump_entry(*bench.supervisor.find(0)).contains("gpu_state"));
}

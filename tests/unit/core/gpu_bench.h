#pragma once
// A supervisor on a machine of two GPUs, in virtual time.
#include <algorithm>
#include <string>
#include <utility>

#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

namespace kpm::core::supervisor_gpu_test {

using namespace std::chrono_literals;

inline const std::string kFirst = "0000:41:00.0";
inline const std::string kSecond = "0000:c1:00.0";

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

}  // namespace kpm::core::supervisor_gpu_test

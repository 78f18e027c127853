#pragma once
// On which GPU a worker is started, and how it is told. Pure: the supervisor brings the inventory, the other
// workers and what the breaker knows.
//
// A worker stays where it was as long as that may be: the GPU is there and healthy, matches what its app
// wants now, and has not been refused by the app itself (exit code 69). Among several the one with the fewest
// live workers is taken (spread; then most free memory, then lowest PCI address), or the one with the most
// that has room (pack). Without any: an app that wants `auto` gets the CPU, and is placed anew at its next
// start; any other is not started.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "daemon/core/gpu_breaker.h"
#include "daemon/core/gpu_device.h"
#include "ecosystem/app_config.h"
#include "ecosystem/environment.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::core {

// What a slot's newest process was started with.
struct GpuPlacement {
    // Persistent: never renumber.
    enum class Kind : std::uint8_t { Cpu, Software, Gpu };

    Kind kind = Kind::Cpu;
    std::string pci, uuid, name;  // GpuDevice's; of Kind::Gpu
    std::string egl_file;         // for __EGL_VENDOR_LIBRARY_FILENAMES, "" = what is installed decides

    bool operator==(const GpuPlacement&) const = default;
};

// Where the app has said that it cannot work (exit code 69), since a client's newest start: PCI addresses,
// and kSoftwareRenderer.
using GpuRefusals = std::set<std::string, std::less<>>;
inline constexpr std::string_view kSoftwareRenderer = "software";

// A slot's part in it; of apps with the attribute only.
struct SlotGpu {
    GpuPlacement placement;
    GpuRefusals refused;
    // GPUs that a process has had open beside the one that it was given.
    struct Strays {
        int pid = 0;
        std::set<std::string> pcis;
    } strays{};
};

// What the world is like. All outlive the call.
struct GpuScene {
    const GpuInventory& inventory;
    const std::map<std::string, unsigned, std::less<>>&
        workers;  // other live ones, by PCI address; 0 left out
    const std::function<GpuHealth(std::string_view pci)>& health;
};

// `config`: of an app with `gpu`. `previous`: null = it has never been placed. An error is a reason, to stand
// after "cannot start 'app': ".
Result<GpuPlacement> place(const ecosystem::AppConfig& config, const GpuScene& scene,
                           const SlotGpu* previous);

// RW_GPU, CUDA_VISIBLE_DEVICES, __EGL_VENDOR_LIBRARY_FILENAMES and LP_NUM_THREADS, as far as the app has not
// set them itself.
void set_gpu_variables(ecosystem::Environment& env, const GpuPlacement& placement);

// As clients see it: {kind: "gpu", pci, uuid, name}; uuid may be null. kind "cpu" and "software" have no
// more.
Json gpu_state(const GpuPlacement& placement);
// The same, and `also_uses`, a list of PCI addresses, if the process `pid` uses others.
Json gpu_state(const SlotGpu& gpu, int pid);

}  // namespace kpm::core

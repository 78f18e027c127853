#pragma once
// What a process uses of a GPU, out of the texts of /proc/PID/fdinfo of its DRM devices (Linux's
// Documentation/gpu/drm-usage-stats.rst): amdgpu, i915, xe, nouveau and others tell it, NVIDIA's own driver
// does not. Pure; io/gpu_sampler.h reads the files.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "daemon/core/host.h"

namespace kpm::core {

struct DrmEngine {
    std::uint64_t busy = 0;      // nanoseconds; with `total`, cycles
    std::uint64_t total = 0;     // cycles that have passed, 0 = the driver counts time
    std::uint64_t capacity = 1;  // engines of this kind

    bool operator==(const DrmEngine&) const = default;
};
using DrmEngines = std::map<std::string, DrmEngine, std::less<>>;

// One opening of a device.
struct DrmClient {
    std::string pci;
    std::uint64_t id = 0;  // descriptors of the same opening have the same
    DrmEngines engines;
    std::optional<std::uint64_t> memory;  // bytes in the GPU's own memory; nullopt: it has none, or is silent
};

// nullopt: no DRM device on a PCI bus.
std::optional<DrmClient> parse_drm_client(std::string_view fdinfo);

// All clients of a process on one GPU, at one time.
struct DrmUse {
    std::chrono::nanoseconds at{};  // monotonic
    DrmEngines engines;
    std::optional<std::uint64_t> memory;
    std::set<std::uint64_t> clients;

    // A client that has been added already is left out.
    void add(const DrmClient& client);
};

// `before`: null = there is no earlier sample. Counters may step back; a figure is between 0 and 100.
GpuUsage usage_between(const DrmUse* before, const DrmUse& now);

}  // namespace kpm::core

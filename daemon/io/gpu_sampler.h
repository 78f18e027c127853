#pragma once
// What processes use of GPUs, on demand: reads /proc/PID/fdinfo of those descriptors that are DRM devices,
// and remembers the last sample of each process to compare with; and which GPUs they have open by any device
// node. On the caller's thread.

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

#include "daemon/core/drm_usage.h"
#include "daemon/core/host.h"
#include "daemon/io/gpu_nodes.h"
#include "daemon/io/gpu_scan.h"

namespace kpm::io {

class GpuSampler {
public:
    using DeviceOf = std::optional<DeviceNumber> (*)(int folder, const char* descriptor);

    // All for tests. `root`: as in GpuNodes.
    explicit GpuSampler(std::string proc = "/proc", std::string root = gpu_root(),
                        DeviceOf device_of = device_of_descriptor)
        : proc_(std::move(proc)), nodes_(std::move(root)), device_of_(device_of) {}

    // Nothing is known of a process that is gone or has not opened this GPU as a DRM device, but for the
    // others that it has open.
    core::GpuUsage sample(pid_t pid, const std::string& pci);
    void forget(pid_t pid);

private:
    struct Look;
    Look look(pid_t pid, const std::string& pci);

    std::string proc_;
    GpuNodes nodes_;
    DeviceOf device_of_;
    std::map<std::pair<pid_t, std::string>, core::DrmUse> last_;
};

}  // namespace kpm::io

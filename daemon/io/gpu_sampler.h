#pragma once
// What processes use of GPUs, on demand: reads /proc/PID/fdinfo of those descriptors that are DRM devices,
// and remembers the last sample of each process to compare with. On the caller's thread.

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

#include "daemon/core/drm_usage.h"
#include "daemon/core/host.h"

namespace kpm::io {

class GpuSampler {
public:
    // `proc`: for tests.
    explicit GpuSampler(std::string proc = "/proc") : proc_(std::move(proc)) {}

    // Nothing is known of a process that is gone or has not opened this GPU as a DRM device.
    core::GpuUsage sample(pid_t pid, const std::string& pci);
    void forget(pid_t pid);

private:
    core::DrmUse look(pid_t pid, const std::string& pci) const;

    std::string proc_;
    std::map<std::pair<pid_t, std::string>, core::DrmUse> last_;
};

}  // namespace kpm::io

#pragma once
// CPU and memory of a set of processes, on demand: remembers the last sample of each pid to compare with.
// Reads /proc on the caller's thread, a file per pid.

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <unordered_map>

#include "daemon/core/proc_stat.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct ProcUsage {
    double cpu_percent = 0;          // of one core, one decimal; 0 at the first sample
    std::uint64_t memory_bytes = 0;  // resident set
};

class ProcSampler {
public:
    ProcSampler();

    // Pids that are gone are missing in the answer and forgotten.
    std::unordered_map<pid_t, ProcUsage> sample(std::span<const pid_t> pids);
    void forget(pid_t pid) { last_.erase(pid); }

private:
    UniqueFd proc_;
    std::unordered_map<pid_t, core::ProcSample> last_;
    std::chrono::steady_clock::time_point pruned_{};
    long ticks_per_second_;
    long page_size_;
};

}  // namespace kpm::io

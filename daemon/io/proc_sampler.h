#pragma once
// CPU and memory of processes, on demand: remembers the last sample of each to compare with. Reads /proc on
// the caller's thread.
//
// A list of apps asks for all of them, and most of what that takes is opening files: /proc/PID/statm of the
// first kMostKept processes is kept open, and their CPU time comes from their clock (clock_getcpuclockid(3)).
// An open file there is of one process for good, whoever gets its pid next. Others are told apart by the time
// of their start, in /proc/PID/stat. Whose CPU time is what it was has not run since, and has the memory that
// it had unless the kernel took some away: for that the file is read again after kMemoryAge.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
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
    static constexpr std::size_t kMostKept = 128;  // files; and no more than an eighth of the limit
    static constexpr std::chrono::seconds kMemoryAge{2};

    ProcSampler();

    // nullopt: it is gone, and forgotten.
    std::optional<ProcUsage> sample(pid_t pid);
    void forget(pid_t pid);

private:
    struct Known {
        UniqueFd statm;  // not kept: there are enough
        clockid_t clock{};
        core::ProcSample last;
        std::uint64_t resident_pages = 0;  // as of read_at; with `statm` only
        std::chrono::steady_clock::time_point read_at{};
    };
    struct Look {
        core::ProcSample sample;
        std::uint64_t resident_pages = 0;
    };

    std::optional<Look> look(Known& known) const;
    std::optional<Look> look(pid_t pid) const;
    std::optional<Look> meet(pid_t pid, Known& known);
    void prune(std::chrono::steady_clock::time_point now);

    UniqueFd proc_;
    std::unordered_map<pid_t, Known> known_;
    std::size_t kept_ = 0;
    std::size_t most_kept_ = kMostKept;
    std::chrono::steady_clock::time_point pruned_{};
    long ticks_per_second_;
    long page_size_;
};

}  // namespace kpm::io

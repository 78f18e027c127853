#pragma once
// CPU and memory of a process out of /proc/PID/stat (proc(5)). Pure: io reads the file and the clock.
// CPU is PM2's: time used between two samples divided by the time between them, in percent of one core (so it
// may pass 100), with one decimal; a first sample has nothing to compare with and says 0. Memory is the
// resident set.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::core {

struct ProcStat {
    int parent_pid = 0;
    int group = 0;
    int session = 0;
    char state = '?';
    int threads = 1;
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    std::uint64_t start_ticks = 0;  // since boot; with the pid it names one process for good
    std::uint64_t resident_pages = 0;
};

// The command name may hold spaces and parentheses: the last ')' ends it.
Result<ProcStat> parse_proc_stat(std::string_view text);

struct ProcSample {
    ProcStat stat;
    std::chrono::steady_clock::time_point at;
};

// 0 when `before` belongs to another process with the same pid, or no time has passed.
double cpu_percent(const ProcSample& before, const ProcSample& now, long ticks_per_second);

}  // namespace kpm::core

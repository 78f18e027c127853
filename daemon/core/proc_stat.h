#pragma once
// A process as /proc/PID/stat tells of it (proc(5)), and what share of a CPU it has used. Pure: io reads
// files and clocks. CPU is PM2's: time used between two samples divided by the time between them, in percent
// of one core (so it may pass 100), with one decimal; a first sample has nothing to compare with and says 0.
// Memory is the resident set.

#include <chrono>
#include <cstdint>
#include <optional>
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

// The resident set in pages, out of /proc/PID/statm.
std::optional<std::uint64_t> resident_pages_in(std::string_view statm);

// The command name may hold spaces and parentheses: the last ')' ends it.
Result<ProcStat> parse_proc_stat(std::string_view text);

struct ProcSample {
    std::chrono::nanoseconds used{0};  // CPU time of all its threads
    std::uint64_t start_ticks = 0;     // 0: whose it is, is known otherwise
    std::chrono::steady_clock::time_point at;
};

// 0 when `before` belongs to another process with the same pid, or no time has passed.
double cpu_percent(const ProcSample& before, const ProcSample& now);

}  // namespace kpm::core

#include "daemon/io/proc_sampler.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <optional>

namespace kpm::io {
namespace {

// A pid that nobody has asked for in this time has ended, or its app has been deleted.
constexpr std::chrono::hours kStale{1};
// Looked for no more often: each process is sampled by a call of its own.
constexpr std::chrono::minutes kPruneEvery{10};

std::optional<core::ProcStat> read_stat(int proc, pid_t pid) {
    const UniqueFd file(::openat(proc, fmt::format("{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return std::nullopt;
    char buffer[2048];  // 52 numbers and a name of 16 bytes (64 for a kernel thread)
    const ssize_t size = ::read(file.get(), buffer, sizeof buffer);
    if (size <= 0) return std::nullopt;
    const auto stat = core::parse_proc_stat({buffer, static_cast<std::size_t>(size)});
    if (!stat) return std::nullopt;
    return *stat;
}

}  // namespace

// A third of what it takes to open one of its files is the way to it.
ProcSampler::ProcSampler()
    : proc_(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      ticks_per_second_(::sysconf(_SC_CLK_TCK)),
      page_size_(::sysconf(_SC_PAGESIZE)) {}

std::unordered_map<pid_t, ProcUsage> ProcSampler::sample(std::span<const pid_t> pids) {
    std::unordered_map<pid_t, ProcUsage> usages;
    for (const pid_t pid : pids) {
        if (usages.contains(pid)) continue;
        const auto stat = read_stat(proc_.get(), pid);
        if (!stat) {
            last_.erase(pid);
            continue;
        }
        const core::ProcSample now{*stat, std::chrono::steady_clock::now()};
        ProcUsage& usage = usages[pid];
        usage.memory_bytes = stat->resident_pages * static_cast<std::uint64_t>(page_size_);
        if (const auto before = last_.find(pid); before != last_.end())
            usage.cpu_percent = core::cpu_percent(before->second, now, ticks_per_second_);
        last_[pid] = now;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - pruned_ > kPruneEvery) {
        pruned_ = now;
        std::erase_if(last_, [&](const auto& entry) { return now - entry.second.at > kStale; });
    }
    return usages;
}

}  // namespace kpm::io

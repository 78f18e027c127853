#include "daemon/io/proc_sampler.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace kpm::io {
namespace {

using Clock = std::chrono::steady_clock;

// A pid that nobody has asked for in this time has ended, or its app has been deleted.
constexpr std::chrono::hours kStale{1};
// Looked for no more often: each process is sampled by a call of its own.
constexpr std::chrono::minutes kPruneEvery{10};

UniqueFd open_in(int proc, pid_t pid, const char* file) {
    return UniqueFd(::openat(proc, fmt::format("{}/{}", pid, file).c_str(), O_RDONLY | O_CLOEXEC));
}

std::optional<std::chrono::nanoseconds> time_of(clockid_t clock) {
    timespec used{};
    if (::clock_gettime(clock, &used) != 0) return std::nullopt;
    return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace

// A third of what it takes to open one of its files is the way to it.
ProcSampler::ProcSampler()
    : proc_(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      ticks_per_second_(::sysconf(_SC_CLK_TCK)),
      page_size_(::sysconf(_SC_PAGESIZE)) {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0)
        most_kept_ = std::min<std::size_t>(kMostKept, descriptors.rlim_cur / 8);
}

// To the nanosecond the time of the process before: it is no other one, either. Else the file first: while it
// can be read, the pid is its process's, and so is the clock.
std::optional<ProcSampler::Look> ProcSampler::look(Known& known) const {
    const auto now = Clock::now();
    if (now - known.read_at < kMemoryAge && time_of(known.clock) == known.last.used)
        return Look{{known.last.used, 0, now}, known.resident_pages};
    char text[128];  // seven numbers
    const ssize_t size = ::pread(known.statm.get(), text, sizeof text, 0);
    if (size <= 0) return std::nullopt;
    const auto pages = core::resident_pages_in({text, static_cast<std::size_t>(size)});
    const auto used = time_of(known.clock);
    if (!pages || !used) return std::nullopt;
    known.resident_pages = *pages;
    known.read_at = now;
    return Look{{*used, 0, Clock::now()}, *pages};
}

std::optional<ProcSampler::Look> ProcSampler::look(pid_t pid) const {
    const UniqueFd file = open_in(proc_.get(), pid, "stat");
    if (!file) return std::nullopt;
    char text[2048];  // 52 numbers and a name of 16 bytes (64 for a kernel thread)
    const ssize_t size = ::read(file.get(), text, sizeof text);
    if (size <= 0) return std::nullopt;
    const auto stat = core::parse_proc_stat({text, static_cast<std::size_t>(size)});
    if (!stat) return std::nullopt;
    const std::chrono::duration<double> used(static_cast<double>(stat->user_ticks + stat->system_ticks) /
                                             static_cast<double>(ticks_per_second_));
    return Look{{std::chrono::duration_cast<std::chrono::nanoseconds>(used), stat->start_ticks, Clock::now()},
                stat->resident_pages};
}

std::optional<ProcSampler::Look> ProcSampler::meet(pid_t pid, Known& known) {
    if (kept_ < most_kept_ && ::clock_getcpuclockid(pid, &known.clock) == 0) {
        known.statm = open_in(proc_.get(), pid, "statm");
        if (known.statm) {
            ++kept_;
            return look(known);
        }
    }
    return look(pid);
}

std::optional<ProcUsage> ProcSampler::sample(pid_t pid) {
    auto entry = known_.find(pid);
    std::optional<Look> seen;
    if (entry != known_.end()) {
        seen = entry->second.statm ? look(entry->second) : look(pid);
        if (!seen) {  // another process may have the pid now
            forget(pid);
            entry = known_.end();
        }
    }
    const bool is_new = entry == known_.end();
    if (is_new) {
        entry = known_.try_emplace(pid).first;
        seen = meet(pid, entry->second);
    }
    if (!seen) {
        forget(pid);
        return std::nullopt;
    }
    ProcUsage usage{.memory_bytes = seen->resident_pages * static_cast<std::uint64_t>(page_size_)};
    if (!is_new) usage.cpu_percent = core::cpu_percent(entry->second.last, seen->sample);
    entry->second.last = seen->sample;
    prune(seen->sample.at);
    return usage;
}

void ProcSampler::forget(pid_t pid) {
    const auto entry = known_.find(pid);
    if (entry == known_.end()) return;
    if (entry->second.statm) --kept_;
    known_.erase(entry);
}

void ProcSampler::prune(Clock::time_point now) {
    if (now - pruned_ <= kPruneEvery) return;
    pruned_ = now;
    for (auto entry = known_.begin(); entry != known_.end();) {
        const auto next = std::next(entry);
        if (now - entry->second.last.at > kStale) forget(entry->first);
        entry = next;
    }
}

}  // namespace kpm::io

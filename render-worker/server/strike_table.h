#pragma once
// Jobs over which a worker has ended, or that were called off at their deadline, and how often: a strike
// each. Bounded; a job without a new strike for kMemory is forgotten. Pure: knows neither files nor the
// clock. As text (on disk, so never change what stands there): a line for each job,
//   <key, 16 hex digits> <strikes> <when it is forgotten, seconds since 1970>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kpm::render {

using JobKey = std::uint64_t;
using UnixTime = std::chrono::sys_seconds;

class StrikeTable {
public:
    static constexpr std::size_t kMaxJobs = 128;  // beyond it the one that is forgotten first goes
    static constexpr std::uint32_t kMaxStrikes = 1'000'000;
    static constexpr std::chrono::seconds kMemory{600};

    struct Job {
        JobKey key = 0;
        std::uint32_t strikes = 0;
        UnixTime forgotten_at{};

        bool operator==(const Job&) const = default;
    };

    // Total: lines that are none, and those of jobs that are to be forgotten by `now`, are left out.
    static StrikeTable parse(std::string_view text, UnixTime now);
    std::string text() const;

    // Its strikes with this one.
    std::uint32_t add(JobKey key, UnixTime now);
    // Nullptr when it has none. Until the next call that changes the table.
    const Job* find(JobKey key, UnixTime now) const;
    // False when it was not there.
    bool remove(JobKey key);
    const std::vector<Job>& jobs() const { return jobs_; }

private:
    void insert(const Job& job);

    std::vector<Job> jobs_;
};

}  // namespace kpm::render

#pragma once
// Whether and when a process that ended on its own is started again. Pure.
//
// An *early* exit is one before min_uptime. max_restarts early exits within the last min_uptime ·
// max_restarts make the process errored. The window follows the recent exits, so an app that ran well for a
// week and then crashes is still caught, one life among them that is a bit longer takes nothing back, and one
// whose restarts are spread out by a delay longer than min_uptime is never given up.

#include <optional>
#include <vector>

#include "daemon/core/time.h"

namespace kpm::core {

struct RestartPolicy {
    bool autorestart = true;
    int max_restarts = 16;
    Duration min_uptime{1000};
    Duration restart_delay{0};
    std::optional<Duration> backoff_start;  // exp_backoff_restart_delay
    Duration backoff_reset{30'000};         // an uptime after which the backoff starts over
    std::vector<int> stop_exit_codes;       // these codes mean: done, stay stopped

    bool operator==(const RestartPolicy&) const = default;
};

inline constexpr Duration kBackoffCap{15'000};

struct RestartHistory {
    std::vector<TimePoint> early_exits;  // within the window, oldest first
    Duration backoff{0};                 // the delay used last, 0 = none yet

    bool operator==(const RestartHistory&) const = default;
};

struct RestartVerdict {
    enum class Kind { Stay, GiveUp, Restart } kind = Kind::Stay;
    Duration delay{0};

    bool operator==(const RestartVerdict&) const = default;
};

// Decides about an exit at `now` of a process that had run for `uptime`; updates the history. `code` is
// nullopt for a death by signal, which never counts as one of stop_exit_codes.
RestartVerdict judge_exit(const RestartPolicy& policy, RestartHistory& history, std::optional<int> code,
                          Duration uptime, TimePoint now);

}  // namespace kpm::core

#include "daemon/core/restart_policy.h"

#include <algorithm>

namespace kpm::core {
namespace {

Duration next_backoff(const RestartPolicy& policy, const RestartHistory& history) {
    // The first delay is as configured, also beyond the cap; it never becomes shorter.
    if (history.backoff == Duration{0}) return *policy.backoff_start;
    return std::max(history.backoff, std::min(kBackoffCap, Duration(history.backoff.count() * 3 / 2)));
}

}  // namespace

RestartVerdict judge_exit(const RestartPolicy& policy, RestartHistory& history, std::optional<int> code,
                          Duration uptime, TimePoint now) {
    if (uptime >= policy.backoff_reset) history.backoff = Duration{0};
    if (!policy.autorestart) return {RestartVerdict::Kind::Stay, {}};
    if (code && std::ranges::count(policy.stop_exit_codes, *code) > 0)
        return {RestartVerdict::Kind::Stay, {}};

    const Duration window = policy.min_uptime * std::max(policy.max_restarts, 1);
    auto& exits = history.early_exits;
    if (uptime < policy.min_uptime) exits.push_back(now);
    exits.erase(exits.begin(),
                std::ranges::find_if(exits, [&](TimePoint exit) { return now - exit < window; }));
    if (policy.max_restarts == 0 || static_cast<int>(exits.size()) >= policy.max_restarts) {
        exits.clear();
        return {RestartVerdict::Kind::GiveUp, {}};
    }

    if (policy.backoff_start && *policy.backoff_start > Duration{0}) {
        history.backoff = next_backoff(policy, history);
        return {RestartVerdict::Kind::Restart, history.backoff};
    }
    return {RestartVerdict::Kind::Restart, policy.restart_delay};
}

}  // namespace kpm::core

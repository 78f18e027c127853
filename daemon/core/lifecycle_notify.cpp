// What a process says of itself on NOTIFY_SOCKET, what its silence means, and what its probes say.

#include <algorithm>

#include "daemon/core/lifecycle.h"

namespace kpm::core {

using Goal = LifecycleData::Goal;

// From now on an online process may be silent for so long.
void Lifecycle::watch(Duration silence, TimePoint now) {
    if (data_.state != State::Online) return;
    data_.deadline = data_.watchdog > Duration{0} ? std::optional(now + silence) : std::nullopt;
}

Actions Lifecycle::abort(Duration silence, TimePoint now) {
    data_.goal = Goal::Running;
    data_.is_leaving = false;  // it did not get to it
    data_.failure.clear();
    enter(State::Stopping, now + policy_->kill_timeout);
    return {Abort{silence}, SignalTree{0}};
}

// It has crashed, but may still tidy up.
Actions Lifecycle::on(const Unhealthy& unhealthy, TimePoint now) {
    if (data_.state != State::Starting && data_.state != State::Online) return {};
    data_.is_leaving = false;
    data_.failure = unhealthy.reason;
    return begin_stop(Goal::Running, now);
}

Actions Lifecycle::on(const Pinged&, TimePoint now) {
    watch(data_.watchdog, now);
    return {};
}

Actions Lifecycle::on(const Tripped&, TimePoint now) {
    if (data_.state != State::Online || data_.watchdog <= Duration{0}) return {};
    return abort(Duration{0}, now);
}

// Only for an app whose configuration has a watchdog: whether there is one is not the process's to say.
Actions Lifecycle::on(const WatchdogSet& set, TimePoint now) {
    if (policy_->watchdog <= Duration{0} || !has_process(data_.state)) return {};
    data_.watchdog = set.interval;
    watch(data_.watchdog, now);
    return {};
}

Actions Lifecycle::on(const Leaving&, TimePoint now) {
    if (data_.state != State::Spawning && data_.state != State::Starting && data_.state != State::Online)
        return {};
    data_.is_leaving = true;
    // It tidies up and need not ping meanwhile.
    watch(std::max(data_.watchdog, policy_->kill_timeout), now);
    return {};
}

// Only of a start: how long a stop may take is not the process's to say.
Actions Lifecycle::on(const TimeAsked& asked, TimePoint now) {
    if (data_.state == State::Starting && data_.deadline)
        data_.deadline = std::max(*data_.deadline, now + asked.time);
    return {};
}

}  // namespace kpm::core

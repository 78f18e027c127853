#include "daemon/core/lifecycle.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace kpm::core {

using Goal = LifecycleData::Goal;

namespace {

// However short kill_timeout is: the kernel needs a moment to end what it was told to.
constexpr Duration kLeastKilling{1600};

Actions joined(Actions first, const Actions& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace

Actions Lifecycle::handle(const Event& event, TimePoint now) {
    return std::visit([&](const auto& what) { return on(what, now); }, event);
}

void Lifecycle::enter(State state, std::optional<TimePoint> deadline) {
    data_.state = state;
    data_.deadline = deadline;
}

Actions Lifecycle::launch(TimePoint now, bool automatic) {
    // A process that survived SIGKILL is still there: a second copy beside it would be worse than none.
    if (data_.pid != 0) return {Settled{Outcome::Unkillable}};
    enter(State::Spawning);
    data_.goal = Goal::Running;
    data_.automatic = automatic;
    data_.launched_at = now;
    data_.watchdog = policy_->watchdog;  // what it is told in its environment
    data_.is_leaving = false;
    data_.is_ready = false;
    if (automatic) ++data_.restart_time;
    return {Spawn{}};
}

Actions Lifecycle::begin_stop(Goal goal, TimePoint now) {
    data_.goal = goal;
    enter(State::Stopping, now + policy_->kill_timeout);
    return {SignalTree{policy_->stop_signal}};
}

Actions Lifecycle::come_online(Outcome outcome, TimePoint now) {
    enter(State::Online);
    watch(data_.watchdog, now);
    return {Announce{Notice::Online}, Settled{outcome}};
}

Actions Lifecycle::settle_stopped() {
    enter(State::Stopped);
    data_.goal = Goal::Stopped;
    return {Settled{Outcome::Stopped}};
}

Actions Lifecycle::on(const Start&, TimePoint now) {
    switch (data_.state) {
        case State::Stopped:
        case State::Backoff:
        case State::Errored:
            data_.failure.clear();
            return launch(now, false);
        case State::Spawning:
            data_.goal = data_.goal == Goal::Stopped ? Goal::Relaunch : data_.goal;
            return {};
        case State::Stopping:
        case State::Killing:
            data_.goal = Goal::Relaunch;
            return {};
        case State::Online:
            return {Settled{Outcome::Online}};
        case State::Draining:
            data_.goal = Goal::Relaunch;
            return {};
        case State::Starting:
            // The answer to an earlier client is given already.
            if (!data_.deadline) data_.deadline = now + policy_->listen_timeout;
            return {};
    }
    return {};
}

Actions Lifecycle::on(const Restart&, TimePoint now) {
    data_.failure.clear();
    forget_crashes();
    switch (data_.state) {
        case State::Stopped:
        case State::Backoff:
        case State::Errored:
            return launch(now, false);
        case State::Spawning:
        case State::Stopping:
        case State::Killing:
            data_.goal = Goal::Relaunch;
            return {};
        case State::Starting:
        case State::Online:
        case State::Draining:
            if (data_.goal != Goal::Relaunch) ++data_.restart_time;
            return begin_stop(Goal::Relaunch, now);
    }
    return {};
}

Actions Lifecycle::on(const Stop&, TimePoint now) {
    switch (data_.state) {
        case State::Errored:
            // One that survived SIGKILL is still there.
            return data_.pid != 0 ? begin_stop(Goal::Stopped, now) : settle_stopped();
        case State::Stopped:
        case State::Backoff:
            return settle_stopped();
        case State::Spawning:
        case State::Stopping:
        case State::Killing:
            data_.goal = Goal::Stopped;
            return {};
        case State::Starting:
        case State::Online:
        case State::Draining:
            data_.failure.clear();
            return begin_stop(Goal::Stopped, now);
    }
    return {};
}

Actions Lifecycle::on(const Drain& drain, TimePoint now) {
    if (drain.relaunch && data_.state != State::Online) return on(Restart{}, now);
    switch (data_.state) {
        case State::Online:
            data_.goal = drain.relaunch ? Goal::Relaunch : Goal::Stopped;
            data_.failure.clear();
            if (drain.relaunch) {
                forget_crashes();
                ++data_.restart_time;
            }
            enter(State::Draining,
                  now + (drain.is_brief ? std::min(policy_->drain_timeout, policy_->kill_timeout)
                                        : policy_->drain_timeout));
            return {};
        case State::Starting:
            return begin_stop(Goal::Stopped, now);  // it never served: nothing to finish
        case State::Spawning:
            data_.goal = Goal::Stopped;
            return {};
        case State::Backoff:
        case State::Errored:
        case State::Stopped:
            return on(Stop{}, now);
        case State::Draining:
            return {};
        case State::Stopping:
        case State::Killing:
            data_.goal = Goal::Stopped;
            return {};
    }
    return {};
}

Actions Lifecycle::on(const Drained&, TimePoint now) {
    if (data_.state != State::Draining) return {};
    return after_drain(now);
}

Actions Lifecycle::after_drain(TimePoint now) {
    return begin_stop(data_.goal == Goal::Relaunch ? Goal::Relaunch : Goal::Stopped, now);
}

Actions Lifecycle::on(const Spawned& spawned, TimePoint now) {
    if (data_.state != State::Spawning) return {};
    data_.pid = spawned.pid;
    if (data_.goal != Goal::Running) return begin_stop(data_.goal, now);
    if (!std::exchange(data_.is_ready, false) && policy_->wait_ready) {
        enter(State::Starting, now + policy_->listen_timeout);
        return {};
    }
    return come_online(Outcome::Online, now);
}

Actions Lifecycle::on(const SpawnFailed& failed, TimePoint now) {
    if (data_.state != State::Spawning) return {};
    data_.pid = 0;
    data_.failure = failed.reason;
    if (data_.goal == Goal::Stopped) return settle_stopped();
    if (data_.goal == Goal::Relaunch) return launch(now, false);
    // A wrong interpreter or directory does not get better by trying again; a machine out of processes does.
    if (!failed.is_final && (data_.automatic || failed.transient))
        return after_death(std::nullopt, Outcome::SpawnFailed, now);
    enter(State::Errored);
    return {Settled{Outcome::SpawnFailed}};
}

Actions Lifecycle::on(const Exited& exited, TimePoint now) {
    data_.pid = 0;
    data_.exit_code = exited.code;
    data_.exit_signal = exited.signal;
    switch (data_.state) {
        case State::Spawning:
        case State::Starting:
        case State::Online: {
            data_.failure.clear();  // of an earlier process
            const Actions rest = data_.goal == Goal::Stopped ? settle_stopped()
                                 : data_.goal == Goal::Relaunch
                                     ? launch(now, false)
                                     : after_death(exited.code, Outcome::Exited, now, exited.hold);
            return joined({Announce{Notice::Exit}, Sweep{}}, rest);
        }
        case State::Draining:
            return joined({Announce{Notice::Exit}, Sweep{}},
                          data_.goal == Goal::Relaunch ? launch(now, false) : settle_stopped());
        case State::Stopping:
            if (data_.goal != Goal::Running) return {Announce{Notice::Exit}};
            // A crash: what it has left behind is ended without being asked.
            enter(State::Killing, now + std::max(policy_->kill_timeout, kLeastKilling));
            return {Announce{Notice::Exit}, SignalTree{SIGKILL}};
        case State::Killing:
            return {Announce{Notice::Exit}};  // the rest of its tree may still live: TreeGone ends the stop
        case State::Errored:
        case State::Stopped:
        case State::Backoff:
            return {};
    }
    return {};
}

Actions Lifecycle::after_death(std::optional<int> code, Outcome outcome, TimePoint now, Duration hold) {
    Actions actions;
    const Duration uptime = now - data_.launched_at;
    // An end that was announced is not unstable; but if it comes early, the next start waits for min_uptime,
    // or an app that does nothing else would be started without a pause.
    const Duration pause =
        data_.is_leaving ? std::max(policy_->restart.min_uptime - uptime, Duration{0}) : Duration{0};
    const RestartVerdict verdict = judge_exit(policy_->restart, data_.history, code, uptime + pause, now);
    switch (verdict.kind) {
        case RestartVerdict::Kind::Stay:
            enter(State::Stopped);
            data_.goal = Goal::Stopped;
            break;
        case RestartVerdict::Kind::GiveUp:
            enter(State::Errored);
            data_.goal = Goal::Stopped;
            actions.push_back(Announce{Notice::Overlimit});
            break;
        case RestartVerdict::Kind::Restart: {
            const Duration least = outcome == Outcome::SpawnFailed ? Duration{100} : pause;
            const Duration delay = std::max({verdict.delay, least, hold});
            if (delay > Duration{0}) {
                enter(State::Backoff, now + delay);
                break;
            }
            return joined(launch(now, true), {Settled{outcome}});
        }
    }
    actions.push_back(Settled{outcome});
    return actions;
}

Actions Lifecycle::on(const TreeGone&, TimePoint now) {
    if (data_.state != State::Stopping && data_.state != State::Killing) return {};
    data_.pid = 0;
    if (data_.goal == Goal::Stopped) return settle_stopped();
    // Its exit code says nothing: it is the watchdog's doing.
    if (data_.goal == Goal::Running) return after_death(std::nullopt, Outcome::Exited, now);
    return launch(now, false);
}

Actions Lifecycle::on(const Ready&, TimePoint now) {
    if (data_.state == State::Starting) return come_online(Outcome::Online, now);
    // It comes on its own way, and may be faster than the keeper's word that the process has been started.
    if (data_.state == State::Spawning) data_.is_ready = true;
    watch(data_.watchdog, now);  // not in time, but a sign of life
    return {};
}

Actions Lifecycle::on(const TimeUp&, TimePoint now) {
    switch (data_.state) {
        case State::Starting:
            if (policy_->stays_launching) {
                data_.deadline.reset();
                return {Settled{Outcome::NotReady}};
            }
            // PM2's rule: not ready in time counts as online, but is told.
            return come_online(Outcome::NotReady, now);
        case State::Online:
            if (data_.watchdog <= Duration{0}) return {};
            return abort(data_.watchdog, now);
        case State::Draining:
            return after_drain(now);
        case State::Stopping:
            enter(State::Killing, now + std::max(policy_->kill_timeout, kLeastKilling));
            return {SignalTree{SIGKILL}};
        case State::Killing:
            enter(State::Errored);
            data_.goal = Goal::Stopped;
            data_.failure = "still alive after SIGKILL";
            return {Settled{Outcome::Unkillable}};
        case State::Backoff:
            return launch(now, true);
        case State::Stopped:
        case State::Spawning:
        case State::Errored:
            return {};
    }
    return {};
}

}  // namespace kpm::core

#include "daemon/core/health.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpm::core {
namespace {

using ecosystem::Probe;
using Verdict = ProbeResult::Verdict;

// While a process comes up: 100 ms, then twice the pause before, up to the interval.
constexpr Duration kFirstPause{100};
constexpr int kMostDoublings = 10;

// What failing as often as the threshold says takes, with the last look.
Duration patience(const Probe& probe) {
    return probe.initial_delay + probe.interval * probe.failure_threshold;
}

}  // namespace

std::string_view to_text(ProbeKind kind) {
    constexpr std::string_view kNames[] = {"startup", "readiness", "liveness"};
    return kNames[static_cast<std::size_t>(kind)];
}

Duration time_to_come_up(const ecosystem::HealthChecks& rules) {
    Duration result{0};
    if (rules.startup) result += patience(*rules.startup) + rules.startup->timeout;
    if (rules.readiness) result += patience(*rules.readiness) + rules.readiness->timeout;
    return result;
}

const std::optional<Probe>& HealthCheck::rule(ProbeKind kind) const {
    switch (kind) {
        case ProbeKind::Startup:
            return rules_.startup;
        case ProbeKind::Readiness:
            return rules_.readiness;
        case ProbeKind::Liveness:
            return rules_.liveness;
    }
    return rules_.liveness;
}

HealthCheck::Actions HealthCheck::handle(const Event& event, TimePoint now) {
    return std::visit([&](const auto& what) { return on(what, now); }, event);
}

std::optional<TimePoint> HealthCheck::deadline() const {
    std::optional<TimePoint> earliest;
    for (const Track& one : tracks_)
        if (one.next && (!earliest || *one.next < *earliest)) earliest = one.next;
    return earliest;
}

void HealthCheck::plan(ProbeKind kind, TimePoint when) {
    if (!track(kind).is_asked) track(kind).next = when;
}

// Passes states that have no probe of their own, and plans the first looks of the one that it stays in.
void HealthCheck::enter(State state, TimePoint now) {
    const auto first_look = [&](ProbeKind kind) {
        if (const auto& probe = rule(kind)) plan(kind, std::max(now, began_at_ + probe->initial_delay));
    };
    state_ = state;
    if (state_ == State::Starting && !rules_.startup) state_ = State::Waiting;
    if (state_ == State::Starting) return first_look(ProbeKind::Startup);
    if (state_ == State::Waiting && !rules_.readiness) state_ = State::Ready;
    first_look(ProbeKind::Readiness);
    first_look(ProbeKind::Liveness);
}

HealthCheck::Actions HealthCheck::actions_of(State before) const {
    if (state_ == State::Ready && before != State::Ready) return {BecomeReady{}};
    return {};
}

HealthCheck::Actions HealthCheck::on(const Begun& begun, TimePoint now) {
    began_at_ = begun.at;
    tracks_ = {};
    enter(State::Starting, now);
    return actions_of(State::Starting);
}

HealthCheck::Actions HealthCheck::on(const Resumed& resumed, TimePoint now) {
    began_at_ = resumed.began_at;
    tracks_ = {};
    enter(resumed.state, now);
    return actions_of(resumed.state);
}

HealthCheck::Actions HealthCheck::on(const TimeUp&, TimePoint now) {
    Actions actions;
    for (const ProbeKind kind : kProbeKinds) {
        Track& one = track(kind);
        if (!one.next || *one.next > now) continue;
        one.next.reset();
        one.is_asked = true;
        one.asked_at = now;
        actions.push_back(Ask{kind});
    }
    return actions;
}

void HealthCheck::count(ProbeKind kind, const Probed& probed) {
    Track& one = track(kind);
    if (!one.shown || one.shown->result.verdict != probed.result.verdict) one.shown = Shown{{}, probed.at};
    one.shown->result = probed.result;
    if (probed.result.verdict == Verdict::Passed) {
        ++one.successes;
        one.failures = 0;
    } else if (probed.result.verdict == Verdict::Failed) {
        ++one.failures;
        one.successes = 0;
    }
}

// From the beginning of the last look on.
void HealthCheck::plan_again(ProbeKind kind, TimePoint now) {
    const Track& one = track(kind);
    const Probe& probe = *rule(kind);
    const bool comes_up = kind != ProbeKind::Liveness && !has_come_up();
    const Duration pause =
        comes_up
            ? std::min(probe.interval, kFirstPause * (1 << std::clamp(one.failures - 1, 0, kMostDoublings)))
            : probe.interval;
    plan(kind, std::max(now, one.asked_at + pause));
}

HealthCheck::Actions HealthCheck::on(const Probed& probed, TimePoint now) {
    Track& one = track(probed.kind);
    if (!one.is_asked) return {};
    one.is_asked = false;
    if (!rule(probed.kind)) return {};
    count(probed.kind, probed);
    plan_again(probed.kind, now);
    if (probed.result.verdict == Verdict::Unknown) return {};
    switch (probed.kind) {
        case ProbeKind::Startup:
            return startup_answered(now);
        case ProbeKind::Readiness:
            return readiness_answered(now);
        case ProbeKind::Liveness:
            return liveness_answered(now);
    }
    return {};
}

HealthCheck::Actions HealthCheck::startup_answered(TimePoint now) {
    Track& one = track(ProbeKind::Startup);
    const Probe& probe = *rules_.startup;
    if (one.successes >= probe.success_threshold) {
        one.next.reset();
        enter(State::Waiting, now);
        return actions_of(State::Starting);
    }
    if (one.failures == 0) return {};
    const TimePoint end = began_at_ + patience(probe);
    if (now >= end) return give_up(ProbeKind::Startup);
    one.next = std::min(*one.next, end);  // one look at the very end
    return {};
}

HealthCheck::Actions HealthCheck::readiness_answered(TimePoint) {
    const Track& one = track(ProbeKind::Readiness);
    const State before = state_;
    if (one.successes >= rules_.readiness->success_threshold) state_ = State::Ready;
    if (state_ == State::Ready && one.failures >= rules_.readiness->failure_threshold) {
        state_ = State::Unready;
        return {BecomeUnready{failure_of(ProbeKind::Readiness)}};
    }
    return actions_of(before);
}

HealthCheck::Actions HealthCheck::liveness_answered(TimePoint) {
    if (track(ProbeKind::Liveness).failures < rules_.liveness->failure_threshold) return {};
    return give_up(ProbeKind::Liveness);
}

HealthCheck::Actions HealthCheck::give_up(ProbeKind kind) {
    for (Track& one : tracks_) {
        one.next.reset();
        one.is_asked = false;  // what is still answered says nothing more
    }
    return {GiveUp{failure_of(kind)}};
}

std::string HealthCheck::failure_of(ProbeKind kind) const {
    const Track& one = track(kind);
    std::string text = fmt::format("{} probe failed: {}", to_text(kind), one.shown->result.reason);
    if (one.failures > 1) text += fmt::format(" ({} times)", one.failures);
    return text;
}

std::string HealthCheck::waits_for() const {
    if (state_ == State::Ready) return "";
    const ProbeKind kind = state_ == State::Starting ? ProbeKind::Startup : ProbeKind::Readiness;
    return track(kind).failures > 0 ? failure_of(kind) : "";
}

}  // namespace kpm::core

#pragma once
// The health of one process, as its probes tell: decides when to look and what the answers mean, and does
// nothing itself. `handle(event)` takes what happened and returns what to do; at most one deadline.
//
//              Begun               startup succeeded          readiness succeeded
//   (none) ─────────────▶ Starting ──────────────────▶ Waiting ──────────────────▶ Ready ◀─────────▶ Unready
//                            │                                                       readiness failed /
//                            succeeded └── startup failed: GiveUp
//
// States that have no probe are passed through at once: without startup it begins in Waiting, without startup
// and readiness in Ready. Nothing but startup is looked at in Starting. Liveness is looked at in the other
// states, and its failure is a GiveUp in each.
//
// A success or a failure counts when it has come so many times in a row as the probe's threshold says. For
// startup the threshold is a time: the process has `failure_threshold` intervals, and until it is ready it is
// looked at more often, at first every 100 ms, so that a start takes as long as it takes. An answer that says
// nothing of the process (Unknown: there was no descriptor for the look) counts neither way.
//
// Each Ask is answered by one Probed, whatever happens; the host sees to that with the probe's timeout.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/time.h"
#include "ecosystem/health.h"

namespace kpm::core {

enum class ProbeKind : std::uint8_t { Startup, Readiness, Liveness };
inline constexpr std::array<ProbeKind, 3> kProbeKinds{ProbeKind::Startup, ProbeKind::Readiness,
                                                      ProbeKind::Liveness};
std::string_view to_text(ProbeKind kind);

struct ProbeResult {
    enum class Verdict : std::uint8_t { Passed, Failed, Unknown } verdict = Verdict::Unknown;
    std::string reason;  // "connection refused"; empty when it has passed

    bool operator==(const ProbeResult&) const = default;
};

class HealthCheck {
public:
    // Persistent (the state that survives the daemon stores it): never renumber.
    enum class State : std::uint8_t { Starting, Waiting, Ready, Unready };

    // What happened.
    struct Begun {
        TimePoint at;  // the start of the process
    };
    struct Resumed {  // a later daemon goes on with it
        TimePoint began_at;
        State state = State::Ready;
    };
    struct Probed {
        ProbeKind kind = ProbeKind::Readiness;
        ProbeResult result;
        EpochTime at{};  // for display
    };
    struct TimeUp {};
    using Event = std::variant<Begun, Resumed, Probed, TimeUp>;

    // What to do.
    struct Ask {
        ProbeKind kind = ProbeKind::Readiness;
        bool operator==(const Ask&) const = default;
    };
    struct BecomeReady {
        bool operator==(const BecomeReady&) const = default;
    };
    struct BecomeUnready {
        std::string reason;
        bool operator==(const BecomeUnready&) const = default;
    };
    struct GiveUp {
        std::string reason;  // "liveness probe failed: connection refused (3 times)"
        bool operator==(const GiveUp&) const = default;
    };
    using Action = std::variant<Ask, BecomeReady, BecomeUnready, GiveUp>;
    using Actions = std::vector<Action>;

    explicit HealthCheck(ecosystem::HealthChecks rules = {}) : rules_(std::move(rules)) {}

    Actions handle(const Event& event, TimePoint now);

    std::optional<TimePoint> deadline() const;
    State state() const { return state_; }
    bool is_ready() const { return state_ == State::Ready; }
    // It has been ready once.
    bool has_come_up() const { return state_ == State::Ready || state_ == State::Unready; }
    const ecosystem::HealthChecks& rules() const { return rules_; }
    const std::optional<ecosystem::Probe>& rule(ProbeKind kind) const;

    // For display.
    struct Shown {
        ProbeResult result;
        EpochTime since{};  // of the first of the results in a row that say the same
    };
    const std::optional<Shown>& shown(ProbeKind kind) const { return track(kind).shown; }
    // "readiness probe failed: connection refused", of the probe that it waits for, also when it was ready
    // before; "" = none has failed.
    std::string waits_for() const;

private:
    struct Track {
        std::optional<TimePoint> next;  // none: not looked at now, or an answer is outstanding
        TimePoint asked_at{};
        bool is_asked = false;
        int successes = 0, failures = 0;  // in a row
        std::optional<Shown> shown;
    };

    Actions on(const Begun&, TimePoint now);
    Actions on(const Resumed&, TimePoint now);
    Actions on(const Probed&, TimePoint now);
    Actions on(const TimeUp&, TimePoint now);

    void enter(State state, TimePoint now);
    void plan(ProbeKind kind, TimePoint when);
    void plan_again(ProbeKind kind, TimePoint now);
    void count(ProbeKind kind, const Probed& probed);
    Actions startup_answered(TimePoint now);
    Actions readiness_answered(TimePoint now);
    Actions liveness_answered(TimePoint now);
    Actions give_up(ProbeKind kind);
    std::string failure_of(ProbeKind kind) const;
    Actions actions_of(State before) const;
    Track& track(ProbeKind kind) { return tracks_[static_cast<std::size_t>(kind)]; }
    const Track& track(ProbeKind kind) const { return tracks_[static_cast<std::size_t>(kind)]; }

    ecosystem::HealthChecks rules_;
    State state_ = State::Starting;
    TimePoint began_at_{};
    std::array<Track, 3> tracks_;
};

// What a start may take by the probes' own times; zero: they do not gate.
Duration time_to_come_up(const ecosystem::HealthChecks& rules);

}  // namespace kpm::core

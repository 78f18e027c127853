#pragma once
// The life of one process of an app: decides what to do next and does nothing itself.
//
// `handle(event, now)` takes what happened and returns what to do. There is one state, one goal beside it
// ("stop while spawning" is data, not a flag) and at most one deadline: TimeUp says that it has passed.
// Whoever drives it (the supervisor) drops events of earlier incarnations before they get here.
//
//                    Start                Spawned, wait for ready
//   Stopped ───────────────▶ Spawning ───────────────────────────▶ Starting
//      ▲                      │  ▲ │ Spawned                           │ Ready, TimeUp (not ready in time)
//      │ TreeGone             │  │ └──────────────────▶ Online ◀───────┘
//      │                      │  │ TimeUp, TreeGone      │  │ Drain
//   Stopping ◀────────────────┼──┼── Stop, Restart ──────┘  ▼
//      │ TimeUp               │  │                       Draining ── Drained, TimeUp ──▶ Stopping
//      ▼                      │  └── Backoff ◀─┐
//   Killing ── TimeUp ─▶ Errored ◀── Exited ───┴── from Spawning, Starting, Online: as the restart policy
//   says
//
// A process with a watchdog is looked at while it is Online: its deadline is the end of the interval, which
// each Pinged begins anew. When it passes, the root gets SIGABRT and the instance is Stopping with the goal
// Running, which says: what ends here has crashed, and the restart policy decides as for any crash.
//
// A process that a probe has given up is told to stop as by a client, but with the goal Running, too. One
// that its probes do not find ready in time (stays_launching) goes on as Starting, without a deadline.
//
// Invariants, checked by tests over the whole table:
//   - Spawn is only asked for when no process of this instance exists (pid == 0 and the tree is gone, or the
//   process
//     ended by itself).
//   - After Stop no Spawn follows without a Start or Restart.
//   - Every Stop ends in Stopped or Errored, however the process behaves: each waiting state has a deadline.
//   - Each Start, Restart and Stop is followed by exactly one Settled once the instance has come to rest or
//   is online.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/restart_policy.h"
#include "daemon/core/state.h"
#include "daemon/core/time.h"

namespace kpm::core {

struct LifecyclePolicy {
    RestartPolicy restart;
    int stop_signal = 2;  // SIGINT, as PM2
    // From the stop signal to SIGKILL, and (at least 1.6 s) from that to giving up.
    Duration kill_timeout{1600};
    Duration listen_timeout{3000};   // how long to wait for ready
    Duration drain_timeout{30'000};  // how long a draining process may take
    bool wait_ready = false;         // Online only when it says that it is ready
    bool stays_launching = false;  // also when it has not said so in time; otherwise it counts as online then
    Duration watchdog{0};          // longest silence of an online process, 0 = any; as of the next launch

    bool operator==(const LifecyclePolicy&) const = default;
};

// What happened.
struct Start {};    // a client wants it to run
struct Stop {};     // a client wants it stopped
struct Restart {};  // a client wants another process in its place
struct Drain {
    bool is_brief = false;  // in no more time than a stop may take
    bool relaunch = false;  // another process comes in its place
};                          // finish what is there, then stop
struct Drained {};          // nothing is in flight any more
struct Spawned {
    int pid = 0;
};
struct SpawnFailed {
    std::string reason;
    bool transient = false;
    bool is_final = false;  // it would fail again, whoever asked for it
};
struct Exited {
    std::optional<int> code;
    int signal = 0;
    Duration hold{0};  // no other comes by itself for this long
};                     // the root process; code is nullopt after a signal
struct TreeGone {};    // no process of its tree is left
struct Ready {};
struct TimeUp {};
// What a process may say of itself on NOTIFY_SOCKET, beside Ready.
struct Pinged {};   // it is well
struct Tripped {};  // it is not: treat it as if its watchdog had run out
struct WatchdogSet {
    Duration interval{0};  // 0 = off
};
struct Leaving {};  // it ends on purpose
struct Unhealthy {
    std::string reason;
};  // a probe says that it must be started again
struct TimeAsked {
    Duration time{0};
};  // its start takes this much longer, from now on
using Event = std::variant<Start, Stop, Restart, Drain, Drained, Spawned, SpawnFailed, Exited, TreeGone,
                           Ready, TimeUp, Pinged, Tripped, WatchdogSet, Leaving, TimeAsked, Unhealthy>;

// How a client's request ended.
enum class Outcome { Online, NotReady, SpawnFailed, Exited, Stopped, Unkillable };

// What to do.
struct Spawn {
    bool operator==(const Spawn&) const = default;
};
struct SignalTree {
    int signo = 0;
    bool operator==(const SignalTree&) const = default;
};
struct Abort {
    Duration silence{0};  // how long it said nothing, 0 = it asked for this
    bool operator==(const Abort&) const = default;
};  // SIGABRT to the root process; a SignalTree follows, so that the end of the tree is told
struct Sweep {
    bool operator==(const Sweep&) const = default;
};  // end what an ended root process left behind
struct Settled {
    Outcome outcome = Outcome::Online;
    bool operator==(const Settled&) const = default;
};
enum class Notice { Online, Exit, Overlimit };  // what the bus is told
struct Announce {
    Notice notice = Notice::Online;
    bool operator==(const Announce&) const = default;
};
using Action = std::variant<Spawn, SignalTree, Abort, Sweep, Settled, Announce>;
using Actions = std::vector<Action>;  // in order; Settled comes last

// The plain data of a lifecycle: copied into the state that survives the daemon, and back.
struct LifecycleData {
    enum class Goal : std::uint8_t {
        Stopped,
        Running,
        Relaunch
    };  // Relaunch: this process goes, another comes

    State state = State::Stopped;
    Goal goal = Goal::Stopped;
    std::optional<TimePoint> deadline;
    int pid = 0;
    TimePoint launched_at{};  // of the newest launch
    int restart_time = 0;     // PM2's counter of relaunches
    bool automatic = false;   // the newest launch was the restart policy's, not a client's
    Duration watchdog{0};     // of the newest process, 0 = none
    bool is_leaving = false;  // the newest process has said that it ends on purpose
    bool is_ready = false;    // it has said so before its start was told
    RestartHistory history;
    std::optional<int> exit_code;  // of the newest exit; nullopt: none yet, or a signal
    int exit_signal = 0;
    std::string failure;  // why the newest start failed, or the process was ended; "" = neither

    bool operator==(const LifecycleData&) const = default;
};

class Lifecycle {
public:
    // Apps have few policies among them: those who drive many lifecycles let them share.
    using SharedPolicy = std::shared_ptr<const LifecyclePolicy>;  // never null

    explicit Lifecycle(LifecyclePolicy policy = {}, LifecycleData data = {})
        : Lifecycle(std::make_shared<const LifecyclePolicy>(std::move(policy)), std::move(data)) {}
    explicit Lifecycle(SharedPolicy policy, LifecycleData data = {})
        : policy_(std::move(policy)), data_(std::move(data)) {}

    Actions handle(const Event& event, TimePoint now);

    State state() const { return data_.state; }
    std::optional<TimePoint> deadline() const { return data_.deadline; }
    const LifecycleData& data() const { return data_; }
    const LifecyclePolicy& policy() const { return *policy_; }
    // Takes effect with the next event.
    void set_policy(SharedPolicy policy) { policy_ = std::move(policy); }
    // PM2's `reset`, and what a client's restart does: the crash history starts over.
    void forget_crashes() { data_.history = {}; }
    void set_restart_time(int count) { data_.restart_time = count; }
    // Of the newest end, known only after it was handled.
    void set_failure(std::string reason) { data_.failure = std::move(reason); }

private:
    Actions on(const Start&, TimePoint now);
    Actions on(const Stop&, TimePoint now);
    Actions on(const Restart&, TimePoint now);
    Actions on(const Drain&, TimePoint now);
    Actions on(const Drained&, TimePoint now);
    Actions on(const Spawned&, TimePoint now);
    Actions on(const SpawnFailed&, TimePoint now);
    Actions on(const Exited&, TimePoint now);
    Actions on(const TreeGone&, TimePoint now);
    Actions on(const Ready&, TimePoint now);
    Actions on(const TimeUp&, TimePoint now);
    Actions on(const Pinged&, TimePoint now);
    Actions on(const Tripped&, TimePoint now);
    Actions on(const WatchdogSet&, TimePoint now);
    Actions on(const Leaving&, TimePoint now);
    Actions on(const TimeAsked&, TimePoint now);
    Actions on(const Unhealthy&, TimePoint now);

    void enter(State state, std::optional<TimePoint> deadline = std::nullopt);
    Actions launch(TimePoint now, bool automatic);
    Actions begin_stop(LifecycleData::Goal goal, TimePoint now);
    Actions after_drain(TimePoint now);
    Actions come_online(Outcome outcome, TimePoint now);
    void watch(Duration silence, TimePoint now);
    Actions abort(Duration silence, TimePoint now);
    // `hold`: Exited's.
    Actions after_death(std::optional<int> code, Outcome outcome, TimePoint now, Duration hold = {});
    Actions settle_stopped();

    SharedPolicy policy_;
    LifecycleData data_;
};

}  // namespace kpm::core

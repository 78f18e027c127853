// What a process says on NOTIFY_SOCKET, and what its silence leads to.
#include <catch2/catch.hpp>
#include <csignal>

#include "daemon/core/lifecycle.h"

using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

TimePoint at(Duration since_start) {
    return TimePoint{Duration{1'000'000}} + since_start;
}

template <class T>
bool has(const Actions& actions, const T& wanted) {
    for (const Action& action : actions)
        if (const auto* found = std::get_if<T>(&action); found && *found == wanted) return true;
    return false;
}

LifecyclePolicy watched() {
    LifecyclePolicy policy;
    policy.watchdog = 5s;
    return policy;
}

// Started and spawned at 0.
Lifecycle running(LifecyclePolicy policy) {
    Lifecycle life(std::move(policy));
    life.handle(Start{}, at(0s));
    life.handle(Spawned{42}, at(0s));
    return life;
}

// SIGABRT was sent to it after 5 s.
Lifecycle aborted(LifecyclePolicy policy) {
    Lifecycle life = running(std::move(policy));
    REQUIRE(has(life.handle(TimeUp{}, at(5s)), Abort{5s}));
    return life;
}

}  // namespace

TEST_CASE("watchdog: each ping begins the interval anew", "[unit][lifecycle]") {
    Lifecycle life = running(watched());
    CHECK(life.deadline() == at(5s));
    life.handle(Pinged{}, at(3s));
    CHECK(life.deadline() == at(8s));
    life.handle(Ready{}, at(4s));
    CHECK(life.deadline() == at(9s));
}

TEST_CASE("watchdog: it does not run before the process is ready", "[unit][lifecycle]") {
    LifecyclePolicy policy = watched();
    policy.wait_ready = true;
    policy.listen_timeout = 60s;
    Lifecycle life = running(policy);
    life.handle(Pinged{}, at(1s));
    CHECK(life.deadline() == at(60s));
    CHECK(life.handle(Tripped{}, at(1s)).empty());
    life.handle(Ready{}, at(30s));
    CHECK(life.state() == State::Online);
    CHECK(life.deadline() == at(35s));
}

TEST_CASE("watchdog: it is the one that the process was told of at its launch", "[unit][lifecycle]") {
    Lifecycle life = running({});
    life.set_policy(std::make_shared<const LifecyclePolicy>(watched()));
    life.handle(Pinged{}, at(1s));
    CHECK_FALSE(life.deadline());
    life.handle(Exited{1, 0}, at(10s));
    life.handle(Spawned{43}, at(10s));
    CHECK(life.deadline() == at(15s));
}

TEST_CASE("watchdog: silence is a crash, which the restart policy judges", "[unit][lifecycle]") {
    LifecyclePolicy policy = watched();
    policy.restart.stop_exit_codes = {0};
    Lifecycle life = aborted(policy);
    CHECK(life.state() == State::Stopping);
    CHECK(life.deadline() == at(5s) + policy.kill_timeout);
    // It catches SIGABRT and ends with a code that would mean: done.
    CHECK(has(life.handle(Exited{0, 0}, at(5100ms)), SignalTree{SIGKILL}));
    CHECK(has(life.handle(TreeGone{}, at(5200ms)), Spawn{}));
    CHECK(life.data().restart_time == 1);
    CHECK(life.data().automatic);
}

TEST_CASE("watchdog: a process that does not heed SIGABRT is killed with its tree", "[unit][lifecycle]") {
    Lifecycle life = aborted(watched());
    CHECK(has(life.handle(TimeUp{}, at(7s)), SignalTree{SIGKILL}));
    life.handle(Exited{std::nullopt, SIGKILL}, at(7s));
    CHECK(has(life.handle(TreeGone{}, at(7s)), Spawn{}));
}

TEST_CASE("watchdog: silence counts as unstable before min_uptime, and not after", "[unit][lifecycle]") {
    const auto exits_after_abort = [](Duration min_uptime) {
        LifecyclePolicy policy = watched();
        policy.restart.min_uptime = min_uptime;
        Lifecycle life = aborted(policy);
        life.handle(Exited{std::nullopt, SIGABRT}, at(5s));
        life.handle(TreeGone{}, at(5s));
        return life.data().history.early_exits.size();
    };
    CHECK(exits_after_abort(10s) == 1);
    CHECK(exits_after_abort(1s) == 0);
}

TEST_CASE("watchdog: an app that always hangs early is given up", "[unit][lifecycle]") {
    LifecyclePolicy policy = watched();
    policy.restart.min_uptime = 10s;
    policy.restart.max_restarts = 3;
    Lifecycle life(policy);
    Duration clock = 0s;
    Actions actions = life.handle(Start{}, at(clock));
    int starts = 0;
    while (has(actions, Spawn{})) {
        REQUIRE(++starts < 10);
        life.handle(Spawned{starts}, at(clock));
        life.handle(TimeUp{}, at(clock += 5s));
        life.handle(Exited{std::nullopt, SIGABRT}, at(clock));
        actions = life.handle(TreeGone{}, at(clock));
    }
    CHECK(starts == 3);
    CHECK(life.state() == State::Errored);
}

TEST_CASE("watchdog: what a client asks for meanwhile wins", "[unit][lifecycle]") {
    Lifecycle stopped = aborted(watched());
    stopped.handle(Stop{}, at(5s));
    stopped.handle(Exited{std::nullopt, SIGABRT}, at(5s));
    CHECK(has(stopped.handle(TreeGone{}, at(5s)), Settled{Outcome::Stopped}));

    // Not a crash any more: it is started whatever the restart policy says.
    LifecyclePolicy policy = watched();
    policy.restart.autorestart = false;
    Lifecycle started = aborted(policy);
    started.handle(Start{}, at(5s));
    started.handle(Exited{std::nullopt, SIGABRT}, at(5s));
    CHECK(has(started.handle(TreeGone{}, at(5s)), Spawn{}));
    CHECK_FALSE(started.data().automatic);

    // A reload's new process has taken its place.
    Lifecycle drained = aborted(watched());
    drained.handle(Drain{}, at(5s));
    drained.handle(Exited{std::nullopt, SIGABRT}, at(5s));
    CHECK(has(drained.handle(TreeGone{}, at(5s)), Settled{Outcome::Stopped}));
}

TEST_CASE("watchdog: the process may change the interval, and switch it off, for this life",
          "[unit][lifecycle]") {
    Lifecycle life = running(watched());
    life.handle(WatchdogSet{1s}, at(1s));
    CHECK(life.deadline() == at(2s));
    life.handle(Pinged{}, at(1500ms));
    CHECK(life.deadline() == at(2500ms));
    life.handle(WatchdogSet{0s}, at(2s));
    CHECK_FALSE(life.deadline());
    life.handle(Exited{1, 0}, at(10s));
    life.handle(Spawned{43}, at(10s));
    CHECK(life.deadline() == at(15s));
}

TEST_CASE("watchdog: a process cannot give itself one", "[unit][lifecycle]") {
    Lifecycle life = running({});
    life.handle(WatchdogSet{1s}, at(1s));
    CHECK_FALSE(life.deadline());
    CHECK(life.handle(TimeUp{}, at(9s)).empty());
    CHECK(life.handle(Tripped{}, at(9s)).empty());
    CHECK(life.state() == State::Online);
}

TEST_CASE("leaving: an announced exit is not unstable, and the next start waits for min_uptime",
          "[unit][lifecycle]") {
    LifecyclePolicy policy;
    policy.restart.max_restarts = 2;
    Lifecycle life = running(policy);
    for (Duration clock = 0s; clock < 10s; clock += 1s) {
        life.handle(Leaving{}, at(clock + 100ms));
        CHECK_FALSE(has(life.handle(Exited{0, 0}, at(clock + 200ms)), Spawn{}));
        REQUIRE(life.state() == State::Backoff);
        CHECK(life.deadline() == at(clock + 1s));
        CHECK(has(life.handle(TimeUp{}, at(clock + 1s)), Spawn{}));
        life.handle(Spawned{42}, at(clock + 1s));
    }
    CHECK(life.data().history.early_exits.empty());
    // The word was for one exit only.
    life.handle(Exited{0, 0}, at(10s + 100ms));
    CHECK(life.data().history.early_exits.size() == 1);
}

TEST_CASE("leaving: autorestart and stop_exit_codes decide as for any exit", "[unit][lifecycle]") {
    LifecyclePolicy policy;
    policy.restart.stop_exit_codes = {0};
    Lifecycle life = running(policy);
    life.handle(Leaving{}, at(100ms));
    life.handle(Exited{0, 0}, at(200ms));
    CHECK(life.state() == State::Stopped);
    Lifecycle late = running({});
    late.handle(Leaving{}, at(10s));
    CHECK(has(late.handle(Exited{0, 0}, at(11s)), Spawn{}));  // it has been up for long enough: at once
}

TEST_CASE("leaving: it may tidy up for kill_timeout without a ping, not for ever", "[unit][lifecycle]") {
    LifecyclePolicy policy = watched();
    policy.kill_timeout = 20s;
    Lifecycle life = running(policy);
    life.handle(Leaving{}, at(1s));
    CHECK(life.deadline() == at(21s));
    CHECK(has(life.handle(TimeUp{}, at(21s)), Abort{5s}));
    life.handle(Exited{std::nullopt, SIGABRT}, at(21s));
    life.handle(TreeGone{}, at(21s));
    CHECK(life.data().is_leaving == false);
}

TEST_CASE("time asked: a start may take longer, a stop may not", "[unit][lifecycle]") {
    LifecyclePolicy policy;
    policy.wait_ready = true;
    Lifecycle life = running(policy);
    life.handle(TimeAsked{20s}, at(1s));
    CHECK(life.deadline() == at(21s));
    life.handle(TimeAsked{1s}, at(2s));
    CHECK(life.deadline() == at(21s));
    life.handle(Stop{}, at(3s));
    const auto deadline = life.deadline();
    life.handle(TimeAsked{60s}, at(3s));
    CHECK(life.deadline() == deadline);
}

#include <algorithm>
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

Lifecycle running(LifecyclePolicy policy, Duration since = 0ms) {
    Lifecycle life(std::move(policy));
    REQUIRE(has(life.handle(Start{}, at(since)), Spawn{}));
    life.handle(Spawned{42}, at(since));
    return life;
}

}  // namespace

TEST_CASE("lifecycle: a default app that dies at once ends errored after 16 starts", "[unit][lifecycle]") {
    Lifecycle life{LifecyclePolicy{}};
    int starts = 0;
    Duration clock = 0ms;
    Actions actions = life.handle(Start{}, at(clock));
    while (has(actions, Spawn{})) {
        ++starts;
        life.handle(Spawned{100 + starts}, at(clock += 5ms));
        actions = life.handle(Exited{1, 0}, at(clock += 20ms));
        REQUIRE(starts < 100);
    }
    CHECK(starts == 16);
    CHECK(life.state() == State::Errored);
    CHECK(life.data().restart_time == 15);
    CHECK(has(actions, Announce{Notice::Overlimit}));
}

TEST_CASE("lifecycle: a stop during the spawn wins, and nothing is started again", "[unit][lifecycle]") {
    Lifecycle life{LifecyclePolicy{}};
    life.handle(Start{}, at(0ms));
    CHECK(life.handle(Stop{}, at(1ms)).empty());
    CHECK(has(life.handle(Spawned{42}, at(2ms)), SignalTree{SIGINT}));
    life.handle(Exited{0, 0}, at(3ms));
    CHECK(has(life.handle(TreeGone{}, at(4ms)), Settled{Outcome::Stopped}));
    CHECK(life.state() == State::Stopped);
}

TEST_CASE("lifecycle: a launch that would fail again is not tried again", "[unit][lifecycle]") {
    Lifecycle life = running({.restart = {.min_uptime = 0ms}});
    REQUIRE(has(life.handle(Exited{1, 0}, at(2s)), Spawn{}));
    const Actions actions = life.handle(SpawnFailed{.reason = "no place", .is_final = true}, at(2s));
    CHECK(actions == Actions{Settled{Outcome::SpawnFailed}});
    CHECK(life.state() == State::Errored);
    CHECK(life.data().failure == "no place");
}

TEST_CASE("lifecycle: a hold puts the next launch off, a longer delay stays", "[unit][lifecycle]") {
    const Duration delay = GENERATE(0ms, 2s, 9s);
    Lifecycle life = running({.restart = {.min_uptime = 0ms, .restart_delay = delay}});
    life.handle(Exited{.code = 75, .hold = 5s}, at(10s));
    CHECK(life.state() == State::Backoff);
    CHECK(life.deadline() == at(10s + std::max<Duration>(delay, 5s)));
    CHECK(has(life.handle(Start{}, at(11s)), Spawn{}));  // a client's word counts at once
}

TEST_CASE("lifecycle: a hold restarts nothing that would stay as it is", "[unit][lifecycle]") {
    Lifecycle life = running({.restart = {.autorestart = false}});
    life.handle(Exited{.code = 75, .hold = 5s}, at(10s));
    CHECK(life.state() == State::Stopped);
    CHECK_FALSE(life.deadline());
}

TEST_CASE("lifecycle: a process may be ready before its start is told", "[unit][lifecycle]") {
    Lifecycle life{LifecyclePolicy{.wait_ready = true}};
    life.handle(Start{}, at(0ms));
    CHECK(life.handle(Ready{}, at(1ms)).empty());
    CHECK(has(life.handle(Spawned{42}, at(2ms)), Settled{Outcome::Online}));
    CHECK(life.state() == State::Online);
    // The next one has to say it again.
    life.handle(Exited{1, 0}, at(5s));
    REQUIRE(life.state() == State::Spawning);
    life.handle(Spawned{43}, at(6s));
    CHECK(life.state() == State::Starting);
}

TEST_CASE("lifecycle: a stop is over only when the whole tree is gone", "[unit][lifecycle]") {
    Lifecycle life = running({});
    life.handle(Stop{}, at(1s));
    life.handle(Exited{0, 0}, at(1010ms));
    CHECK(life.state() == State::Stopping);
    CHECK(has(life.handle(TimeUp{}, at(1s + 1600ms)), SignalTree{SIGKILL}));
    life.handle(TreeGone{}, at(2700ms));
    CHECK(life.state() == State::Stopped);
}

TEST_CASE("lifecycle: a process that survives SIGKILL is told, kept, and never doubled",
          "[unit][lifecycle]") {
    Lifecycle life = running({});
    life.handle(Restart{}, at(1s));
    life.handle(TimeUp{}, at(2600ms));
    CHECK(has(life.handle(TimeUp{}, at(4200ms)), Settled{Outcome::Unkillable}));
    CHECK(life.state() == State::Errored);
    CHECK(life.data().pid == 42);
    CHECK(has(life.handle(Start{}, at(5s)), Settled{Outcome::Unkillable}));
    Lifecycle tried_again = life;
    CHECK(has(tried_again.handle(Stop{}, at(5s)), SignalTree{SIGINT}));
    life.handle(Exited{std::nullopt, SIGKILL}, at(6s));
    CHECK(has(life.handle(Stop{}, at(6s)), Settled{Outcome::Stopped}));
    CHECK(has(life.handle(Start{}, at(7s)), Spawn{}));
}

TEST_CASE("lifecycle: without a kill_timeout it is killed at once, and gets time to end",
          "[unit][lifecycle]") {
    LifecyclePolicy policy;
    policy.kill_timeout = 0ms;
    Lifecycle life = running(policy);
    life.handle(Stop{}, at(1s));
    CHECK(life.deadline() == at(1s));
    CHECK(has(life.handle(TimeUp{}, at(1s)), SignalTree{SIGKILL}));
    CHECK(life.deadline() > at(2s));
}

TEST_CASE("lifecycle: a restart counts once and starts again when the old tree is gone",
          "[unit][lifecycle]") {
    Lifecycle life = running({});
    CHECK(has(life.handle(Restart{}, at(1s)), SignalTree{SIGINT}));
    CHECK(life.handle(Restart{}, at(1100ms)).empty());
    life.handle(Exited{0, 0}, at(1200ms));
    CHECK(has(life.handle(TreeGone{}, at(1200ms)), Spawn{}));
    CHECK(life.data().restart_time == 1);
}

TEST_CASE("lifecycle: exit codes that mean done leave it stopped, a signal never does", "[unit][lifecycle]") {
    LifecyclePolicy policy;
    policy.restart.stop_exit_codes = {0};
    Lifecycle done = running(policy);
    done.handle(Exited{0, 0}, at(5s));
    CHECK(done.state() == State::Stopped);

    Lifecycle killed = running(policy);
    CHECK(has(killed.handle(Exited{std::nullopt, SIGKILL}, at(5s)), Spawn{}));
    CHECK(killed.data().exit_signal == SIGKILL);
}

TEST_CASE("lifecycle: a failed first start is told at once, a failed relaunch is tried again",
          "[unit][lifecycle]") {
    Lifecycle first{LifecyclePolicy{}};
    first.handle(Start{}, at(0ms));
    CHECK(has(first.handle(SpawnFailed{"no such file", false}, at(1ms)), Settled{Outcome::SpawnFailed}));
    CHECK(first.state() == State::Errored);
    CHECK(first.data().failure == "no such file");

    Lifecycle again = running({});
    again.handle(Exited{1, 0}, at(2s));
    again.handle(SpawnFailed{"no such file", false}, at(2001ms));
    CHECK(again.state() == State::Backoff);
    CHECK(has(again.handle(TimeUp{}, at(2200ms)), Spawn{}));
}

TEST_CASE("lifecycle: draining ends by the worker's word or by its deadline", "[unit][lifecycle]") {
    Lifecycle life = running({});
    life.handle(Drain{}, at(1s));
    CHECK(life.deadline() == at(31s));
    CHECK(has(life.handle(Drained{}, at(2s)), SignalTree{SIGINT}));

    Lifecycle slow = running({});
    slow.handle(Drain{}, at(1s));
    CHECK(has(slow.handle(TimeUp{}, at(31s)), SignalTree{SIGINT}));
}

TEST_CASE("lifecycle: a restart may drain first, no longer than a stop may take", "[unit][lifecycle]") {
    Lifecycle life = running({});
    life.handle(Drain{.is_brief = true, .relaunch = true}, at(1s));
    CHECK(life.deadline() == at(2600ms));
    CHECK(life.data().restart_time == 1);
    CHECK(has(life.handle(Drained{}, at(2s)), SignalTree{SIGINT}));
    life.handle(Exited{0, 0}, at(2100ms));
    CHECK(has(life.handle(TreeGone{}, at(2100ms)), Spawn{}));

    Lifecycle gone = running({});
    gone.handle(Drain{.is_brief = true, .relaunch = true}, at(1s));
    CHECK(has(gone.handle(Exited{0, 0}, at(2s)), Spawn{}));  // it had nothing to do and ended by itself

    Lifecycle stopped = running({});
    stopped.handle(Drain{.is_brief = true, .relaunch = true}, at(1s));
    stopped.handle(Stop{}, at(2s));
    stopped.handle(Exited{0, 0}, at(3s));
    stopped.handle(TreeGone{}, at(3s));
    CHECK(stopped.state() == State::Stopped);

    Lifecycle wanted = running({});
    wanted.handle(Drain{}, at(1s));
    wanted.handle(Start{}, at(2s));
    CHECK(has(wanted.handle(Exited{0, 0}, at(3s)), Spawn{}));
}

TEST_CASE("lifecycle: with stays_launching a process that is not ready in time goes on launching",
          "[unit][lifecycle]") {
    const TimePoint start{Duration{1'000'000}};
    LifecyclePolicy policy;
    policy.wait_ready = policy.stays_launching = true;
    policy.listen_timeout = 3s;
    Lifecycle life(policy);
    life.handle(Start{}, start);
    life.handle(Spawned{42}, start);
    CHECK(life.handle(TimeUp{}, start + 3s) == Actions{Settled{Outcome::NotReady}});
    CHECK(life.state() == State::Starting);
    CHECK_FALSE(life.deadline());
    // Another client waits for it again, as long.
    CHECK(life.handle(Start{}, start + 10s).empty());
    CHECK(life.deadline() == start + 13s);
    CHECK(life.handle(Ready{}, start + 11s) == Actions{Announce{Notice::Online}, Settled{Outcome::Online}});
}

TEST_CASE("lifecycle: a process that is given up ends as by a stop and has crashed", "[unit][lifecycle]") {
    const TimePoint start{Duration{1'000'000}};
    Lifecycle life;
    life.handle(Start{}, start);
    life.handle(Spawned{42}, start);
    CHECK(life.handle(Unhealthy{"liveness probe failed: x"}, start + 5s) == Actions{SignalTree{2}});
    life.handle(Exited{0, 0}, start + 5s);
    CHECK(life.handle(TreeGone{}, start + 5s) == Actions{Spawn{}, Settled{Outcome::Exited}});
    CHECK(life.data().restart_time == 1);
    CHECK(life.data().failure == "liveness probe failed: x");
    life.handle(Spawned{43}, start + 6s);
    life.handle(Exited{1, 0}, start + 20s);
    CHECK(life.data().failure.empty());  // this one's end had another cause
}

// The transition table of a process's life, every (state, event) pair: what it becomes and what is to be
// done.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>

#include "daemon/core/lifecycle.h"

using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kNow{Duration{1'000'000}};

const std::map<std::string, State> kStates{
    {"stopped", State::Stopped}, {"spawning", State::Spawning}, {"starting", State::Starting},
    {"online", State::Online},   {"draining", State::Draining}, {"stopping", State::Stopping},
    {"killing", State::Killing}, {"backoff", State::Backoff},   {"errored", State::Errored},
};

std::string name_of(State state) {
    for (const auto& [name, value] : kStates)
        if (value == state) return name;
    return "?";
}

// The policy restarts at once, wait_ready is set; the crash is far from the limit.
Lifecycle in_state(State state, Duration watchdog = 0s) {
    LifecyclePolicy policy;
    policy.wait_ready = true;
    policy.watchdog = watchdog;
    LifecycleData data;
    data.state = state;
    data.watchdog = watchdog;
    data.goal = state == State::Spawning || state == State::Starting || state == State::Online ||
                        state == State::Backoff
                    ? LifecycleData::Goal::Running
                    : LifecycleData::Goal::Stopped;
    if (has_process(state) && state != State::Spawning) data.pid = 77;
    data.launched_at = kNow - 10s;
    const bool is_watched = state == State::Online && watchdog > 0s;
    if (is_watched || (state != State::Stopped && state != State::Online && state != State::Errored &&
                       state != State::Spawning))
        data.deadline = kNow;
    return Lifecycle(policy, data);
}

// Stopping or Killing, because its watchdog has run out: what follows is a crash.
Lifecycle aborted(State state) {
    const Lifecycle stopping = in_state(state, 5s);
    LifecycleData data = stopping.data();
    data.goal = LifecycleData::Goal::Running;
    return Lifecycle(stopping.policy(), data);
}

std::string text(const Actions& actions) {
    std::string result;
    for (const Action& action : actions) {
        result += ' ';
        if (std::holds_alternative<Spawn>(action)) result += "spawn";
        if (const auto* signal = std::get_if<SignalTree>(&action))
            result += fmt::format("signal{}", signal->signo);
        if (const auto* abort = std::get_if<Abort>(&action))
            result += fmt::format("abort{}", abort->silence.count());
        if (std::holds_alternative<Sweep>(action)) result += "sweep";
        if (const auto* settled = std::get_if<Settled>(&action)) {
            constexpr const char* kNames[] = {"online", "notready", "spawnfailed",
                                              "exited", "stopped",  "unkillable"};
            result += fmt::format("settled:{}", kNames[static_cast<int>(settled->outcome)]);
        }
        if (const auto* announce = std::get_if<Announce>(&action)) {
            constexpr const char* kNames[] = {"online", "exit", "overlimit"};
            result += fmt::format("tell:{}", kNames[static_cast<int>(announce->notice)]);
        }
    }
    return result;
}

const std::vector<std::pair<std::string, Event>> kEvents{
    {"start", Start{}},
    {"stop", Stop{}},
    {"restart", Restart{}},
    {"drain", Drain{}},
    {"drainfirst", Drain{.is_brief = true, .relaunch = true}},
    {"drained", Drained{}},
    {"spawned", Spawned{42}},
    {"spawnfailed", SpawnFailed{"cannot run 'x': exec: No such file or directory", false}},
    {"exited", Exited{1, 0}},
    {"treegone", TreeGone{}},
    {"ready", Ready{}},
    {"timeup", TimeUp{}},
    {"pinged", Pinged{}},
    {"tripped", Tripped{}},
    {"watchdogset", WatchdogSet{2s}},
    {"leaving", Leaving{}},
    {"timeasked", TimeAsked{20s}},
    {"unhealthy", Unhealthy{"liveness probe failed: connection refused"}},
};

// "=" means: nothing changes, nothing to do.
const std::map<std::string, std::map<std::string, std::string>> kTable{
    {"stopped",
     {{"start", "spawning spawn"},
      {"stop", "stopped settled:stopped"},
      {"restart", "spawning spawn"},
      {"drain", "stopped settled:stopped"},
      {"drainfirst", "spawning spawn"},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "="},
      {"treegone", "="},
      {"ready", "="},
      {"timeup", "="},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
    {"spawning",
     {{"start", "="},
      {"stop", "="},
      {"restart", "="},
      {"drain", "="},
      {"drainfirst", "="},
      {"drained", "="},
      {"spawned", "starting"},
      {"spawnfailed", "errored settled:spawnfailed"},
      {"exited", "spawning tell:exit sweep spawn settled:exited"},
      {"treegone", "="},
      {"ready", "="},
      {"timeup", "="},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
    {"starting",
     {{"start", "="},
      {"stop", "stopping signal2"},
      {"restart", "stopping signal2"},
      {"drain", "stopping signal2"},
      {"drainfirst", "stopping signal2"},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "spawning tell:exit sweep spawn settled:exited"},
      {"treegone", "="},
      {"ready", "online tell:online settled:online"},
      {"timeup", "online tell:online settled:notready"},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "stopping signal2"}}},
    {"online",
     {{"start", "online settled:online"},
      {"stop", "stopping signal2"},
      {"restart", "stopping signal2"},
      {"drain", "draining"},
      {"drainfirst", "draining"},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "spawning tell:exit sweep spawn settled:exited"},
      {"treegone", "="},
      {"ready", "="},
      {"timeup", "="},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "stopping signal2"}}},
    {"draining",
     {{"start", "="},
      {"stop", "stopping signal2"},
      {"restart", "stopping signal2"},
      {"drain", "="},
      {"drainfirst", "stopping signal2"},
      {"drained", "stopping signal2"},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "stopped tell:exit sweep settled:stopped"},
      {"treegone", "="},
      {"ready", "="},
      {"timeup", "stopping signal2"},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
    {"stopping",
     {{"start", "="},
      {"stop", "="},
      {"restart", "="},
      {"drain", "="},
      {"drainfirst", "="},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "stopping tell:exit"},
      {"treegone", "stopped settled:stopped"},
      {"ready", "="},
      {"timeup", "killing signal9"},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
    {"killing",
     {{"start", "="},
      {"stop", "="},
      {"restart", "="},
      {"drain", "="},
      {"drainfirst", "="},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "killing tell:exit"},
      {"treegone", "stopped settled:stopped"},
      {"ready", "="},
      {"timeup", "errored settled:unkillable"},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
    {"backoff",
     {{"start", "spawning spawn"},
      {"stop", "stopped settled:stopped"},
      {"restart", "spawning spawn"},
      {"drain", "stopped settled:stopped"},
      {"drainfirst", "spawning spawn"},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "="},
      {"treegone", "="},
      {"ready", "="},
      {"timeup", "spawning spawn"},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
    {"errored",
     {{"start", "spawning spawn"},
      {"stop", "stopped settled:stopped"},
      {"restart", "spawning spawn"},
      {"drain", "stopped settled:stopped"},
      {"drainfirst", "spawning spawn"},
      {"drained", "="},
      {"spawned", "="},
      {"spawnfailed", "="},
      {"exited", "="},
      {"treegone", "="},
      {"ready", "="},
      {"timeup", "="},
      {"pinged", "="},
      {"tripped", "="},
      {"watchdogset", "="},
      {"leaving", "="},
      {"timeasked", "="},
      {"unhealthy", "="}}},
};

// What is otherwise than in kTable for a process with a watchdog.
const std::map<std::string, std::string> kWatchedOnline{
    {"timeup", "stopping abort5000 signal0"},
    {"tripped", "stopping abort0 signal0"},
};
const std::map<std::string, std::map<std::string, std::string>> kAborted{
    {"stopping", {{"exited", "killing tell:exit signal9"}, {"treegone", "spawning spawn settled:exited"}}},
    {"killing", {{"treegone", "spawning spawn settled:exited"}}},
};

// "=" for nothing, else the state and the actions.
std::string outcome(Lifecycle life, const Event& event) {
    const std::string before = name_of(life.state());
    const std::string actions = text(life.handle(event, kNow));
    const std::string after = name_of(life.state()) + actions;
    return after == before ? "=" : after;
}

bool waits(State state) {
    return state == State::Starting || state == State::Draining || state == State::Stopping ||
           state == State::Killing || state == State::Backoff;
}

}  // namespace

TEST_CASE("lifecycle: every pair of state and event does what the table says", "[unit][lifecycle]") {
    REQUIRE(kTable.size() == kStates.size());
    for (const auto& [state_name, row] : kTable) {
        REQUIRE(row.size() == kEvents.size());
        for (const auto& [event_name, event] : kEvents) {
            INFO(state_name << " + " << event_name);
            CHECK(outcome(in_state(kStates.at(state_name)), event) == row.at(event_name));
        }
    }
}

TEST_CASE("lifecycle: a watchdog changes what happens online, and nothing else", "[unit][lifecycle]") {
    for (const auto& [state_name, row] : kTable)
        for (const auto& [event_name, event] : kEvents) {
            const auto special = kWatchedOnline.find(event_name);
            const bool is_special = state_name == "online" && special != kWatchedOnline.end();
            INFO(state_name << " + " << event_name);
            CHECK(outcome(in_state(kStates.at(state_name), 5s), event) ==
                  (is_special ? special->second : row.at(event_name)));
        }
}

TEST_CASE("lifecycle: an aborted process ends as one that is stopped, and then it has crashed",
          "[unit][lifecycle]") {
    for (const auto& [state_name, specials] : kAborted)
        for (const auto& [event_name, event] : kEvents) {
            const auto special = specials.find(event_name);
            INFO(state_name << " + " << event_name);
            CHECK(outcome(aborted(kStates.at(state_name)), event) ==
                  (special != specials.end() ? special->second : kTable.at(state_name).at(event_name)));
        }
}

TEST_CASE("lifecycle: exactly the states that wait for something have a deadline", "[unit][lifecycle]") {
    for (const auto& [state_name, row] : kTable)
        for (const auto& [event_name, event] : kEvents) {
            Lifecycle life = in_state(kStates.at(state_name));
            life.handle(event, kNow);
            INFO(state_name << " + " << event_name);
            CHECK(life.deadline().has_value() == waits(life.state()));
            Lifecycle watched = in_state(kStates.at(state_name), 5s);
            watched.handle(event, kNow);
            CHECK(watched.deadline().has_value() ==
                  (waits(watched.state()) || watched.state() == State::Online));
        }
}

#pragma once
// The states of one process, and the words PM2's users know them by.

#include <array>
#include <cstdint>
#include <string_view>

namespace kpm::core {

// Persistent (the state that survives the daemon stores it): never renumber.
enum class State : std::uint8_t {
    Stopped,   // no process, none wanted
    Spawning,  // the keeper was asked for a process
    Starting,  // the process runs, but has not said that it is ready
    Online,    // it runs and counts as ready
    Draining,  // it runs and finishes what it has, but gets nothing new
    Stopping,  // the stop signal was sent to its tree
    Killing,   // SIGKILL was sent to what is left of its tree
    Backoff,   // it died, the next start waits for its time
    Errored,   // it died too often, or can't be started: only a client's request starts it again
};

inline constexpr std::array<std::string_view, 9> kPublicNames{
    "stopped",  "launching", "launching",       "online",  "stopping",
    "stopping", "stopping",  "waiting restart", "errored",
};
static_assert(kPublicNames.size() == static_cast<std::size_t>(State::Errored) + 1);

constexpr std::string_view public_name(State state) {
    return kPublicNames[static_cast<std::size_t>(state)];
}

// True while the app's command may be running.
constexpr bool has_process(State state) {
    switch (state) {
        case State::Spawning:
        case State::Starting:
        case State::Online:
        case State::Draining:
        case State::Stopping:
        case State::Killing:
            return true;
        case State::Stopped:
        case State::Backoff:
        case State::Errored:
            return false;
    }
    return false;
}

}  // namespace kpm::core

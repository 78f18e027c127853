#pragma once
// Has a process, with all that it has started, come to rest? A program that starts works without a pause
// until it waits for something (a connection, a timer, its input); one that fails at its start never gets
// there. Driven by whoever waits; each look reads /proc anew. Keeps no descriptor and waits for nothing
// itself.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace kpm::cli {

class RestWatch {
public:
    using Clock = std::chrono::steady_clock;

    explicit RestWatch(pid_t root) : root_(root) {}

    struct Sight {
        bool is_gone = false;    // there is no such process any more
        bool is_calm = false;    // no thread of the tree runs now
        Clock::duration calm{};  // for how long no thread of the tree has run, as far as looks can tell
    };
    // A process that may not be looked at, but is there, counts as calm since its beginning.
    // `now`: when this look begins.
    Sight look(Clock::time_point now);

private:
    pid_t root_;
    std::optional<std::uint64_t> turns_;  // of all threads on a processor, at the first look of this calm
    std::uint64_t main_turns_ = 0;        // of the root's main thread, at the last look at the whole tree
    bool is_one_thread_ = false;          // the whole tree, at the last look
    Clock::time_point since_{};
};

}  // namespace kpm::cli

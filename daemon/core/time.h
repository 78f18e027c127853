#pragma once
// The two clocks of the core, as types only: whoever calls brings the time along.

#include <chrono>
#include <cstdint>

namespace kpm::core {

using Duration = std::chrono::milliseconds;
// Monotonic (CLOCK_MONOTONIC): deadlines and uptimes. Stays valid when the daemon is replaced.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Milliseconds since 1970, what PM2's clients are shown. Never used for decisions.
struct EpochTime {
    std::int64_t since_epoch = 0;
    auto operator<=>(const EpochTime&) const = default;
};

}  // namespace kpm::core

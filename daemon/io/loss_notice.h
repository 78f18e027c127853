#pragma once
// What to say of connections that a pool closes because too many wait for a worker: of the first at once, and
// then, as long as it goes on, once a minute how many it were since. Pure.

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "daemon/io/plane_types.h"

namespace kpm::io {

class LossNotice {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::minutes kPause{1};

    // One more was closed. nullopt: nothing is to be said now.
    std::optional<std::string> lose(PoolId pool, Clock::time_point now) {
        ++untold_;
        if (told_at_ && now - *told_at_ < kPause) return std::nullopt;
        told_at_ = now;
        return fmt::format("pool {}: {} of its connections closed, because too many wait for a worker", pool,
                           std::exchange(untold_, 0));
    }

private:
    std::uint64_t untold_ = 0;
    std::optional<Clock::time_point> told_at_;
};

}  // namespace kpm::io

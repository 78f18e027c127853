#pragma once

#include <cstdint>
#include <ctime>

namespace kpm::keeper {

// CLOCK_MONOTONIC in milliseconds.
inline std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

}  // namespace kpm::keeper

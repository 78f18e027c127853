#pragma once
// How far the local time is from UTC at a moment, for the dates in logs: it changes with summer time.

#include <chrono>
#include <ctime>

namespace kpm::io {

inline std::chrono::seconds local_offset(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return std::chrono::seconds{local.tm_gmtoff};
}

}  // namespace kpm::io

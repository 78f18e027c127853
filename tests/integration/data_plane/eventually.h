#pragma once
// Waiting for another thread or process, with a deadline that only a failure reaches.

#include <chrono>
#include <functional>
#include <thread>

namespace kpm {

inline constexpr std::chrono::seconds kPatience{60};

inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace kpm

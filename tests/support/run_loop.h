#pragma once
// Turning a loop from a test until something holds; a test never sleeps.

#include <chrono>
#include <functional>
#include <future>

#include "daemon/io/loop.h"
#include "daemon/io/timer.h"

namespace kpm::io {

// False: the condition did not come about in time.
inline bool run_until(Loop& loop, const std::function<bool()>& condition,
                      std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    Timer tick(loop, [] {});
    tick.start(std::chrono::milliseconds(2), std::chrono::milliseconds(2));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        loop.run_once();
    }
    return true;
}

// What `blocking` returns, which runs in a thread while the loop turns.
template <class Blocking>
auto run_beside(Loop& loop, Blocking blocking) {
    auto answer = std::async(std::launch::async, std::move(blocking));
    run_until(loop, [&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    return answer.get();
}

}  // namespace kpm::io

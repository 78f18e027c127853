#pragma once
// One timer. The owner may restart, stop or destroy it from its callback.

#include <chrono>
#include <functional>

#include "daemon/io/loop.h"
#include "daemon/io/uv_owned.h"

namespace kpm::io {

class Timer {
public:
    Timer(Loop& loop, std::function<void()> on_time);

    // Replaces what was set. A zero `repeat` means once; a delay in the past means the loop's next turn.
    void start(std::chrono::milliseconds delay, std::chrono::milliseconds repeat = {});
    void stop();
    bool is_active() const;

private:
    struct Box {
        uv_timer_t handle;
        std::function<void()> on_time;
    };
    UvOwned<Box> box_;
};

}  // namespace kpm::io

#pragma once
// What a loop does last in each turn, after its timers and right before it waits for events. The place to
// work off what callbacks have left: work done between two calls of Loop::run_once() would miss what the
// timers at the start of a turn leave, and the loop would wait with it undone.

#include <functional>

#include "daemon/io/loop.h"
#include "daemon/io/uv_owned.h"

namespace kpm::io {

class BeforeWait {
public:
    // `work` may start timers and stop the loop; the wait then ends accordingly. It keeps the loop alive.
    BeforeWait(Loop& loop, std::function<void()> work);

private:
    struct Box {
        uv_prepare_t handle;
        std::function<void()> work;
    };
    UvOwned<Box> box_;
};

}  // namespace kpm::io

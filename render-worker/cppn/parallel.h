#pragma once
// A loop whose turns may run at the same time. Threads are started for each loop and end with it: that costs
// some 20 µs each beside the milliseconds of a network, and nothing idles in between.

#include <cstddef>
#include <functional>

#include "render-worker/cppn/cancel_flag.h"

namespace kpm::render {

// Calls `turn` with 0 … count-1, on up to `threads` threads, the caller's among them; in order where it is
// the only one, as when the system gives no more. No turn begins once `stop` is set. What a turn throws is
// thrown here when all threads have ended, the first one of several, and sets `stop`.
void for_each_index(std::size_t count, std::size_t threads, CancelFlag& stop,
                    const std::function<void(std::size_t)>& turn);

}  // namespace kpm::render

#pragma once
// Tells the supervisor's watchdog that the worker is well: from the I/O thread, twice in each interval, and
// only while the render thread gets on. It gets on when it has nothing to do, or has finished a job or a
// chunk of one (CancelFlag) since the last time. So a worker is found to hang when either of its threads
// does.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>

#include "render-worker/server/render_queue.h"

namespace kpm::render {

class Heartbeat {
public:
    // `queue` must outlive this. `beat` is called at once, too.
    Heartbeat(boost::asio::io_context& io, std::chrono::microseconds interval, const RenderQueue& queue,
              std::function<void()> beat);

    void start();

private:
    boost::asio::steady_timer timer_;
    std::chrono::microseconds period_;
    const RenderQueue& queue_;
    std::function<void()> beat_;
    std::uint64_t progress_ = 0;
};

}  // namespace kpm::render

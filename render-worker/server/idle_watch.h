#pragma once
// Tells when a connection has been quiet for long enough to be closed by a drain: no touch() for the limit,
// and nothing in flight. A member of its session; both callbacks must hold the session weakly.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>

namespace kpm::render {

class IdleWatch {
public:
    IdleWatch(const boost::asio::any_io_executor& executor, std::chrono::milliseconds limit)
        : timer_(executor), limit_(limit) {}

    void touch() { last_ = std::chrono::steady_clock::now(); }

    // Counts from now. `expired` is called once.
    void start(std::function<bool()> is_busy, std::function<void()> expired);

private:
    void wait();

    boost::asio::steady_timer timer_;
    std::chrono::milliseconds limit_;
    std::chrono::steady_clock::time_point last_{};
    std::function<bool()> is_busy_;
    std::function<void()> expired_;
};

}  // namespace kpm::render

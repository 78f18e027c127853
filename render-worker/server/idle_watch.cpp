#include "render-worker/server/idle_watch.h"

#include <utility>

namespace kpm::render {

void IdleWatch::start(std::function<bool()> is_busy, std::function<void()> expired) {
    is_busy_ = std::move(is_busy);
    expired_ = std::move(expired);
    touch();
    wait();
}

void IdleWatch::wait() {
    timer_.expires_at(last_ + limit_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;  // the session is gone, and `this` with it
        if (is_busy_()) touch();
        if (std::chrono::steady_clock::now() < last_ + limit_) return wait();
        expired_();
    });
}

}  // namespace kpm::render

#include "daemon/io/timer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace kpm::io {

Timer::Timer(Loop& loop, std::function<void()> on_time) {
    auto box = std::make_unique<Box>();
    box->on_time = std::move(on_time);
    uv_timer_init(loop.raw(), &box->handle);  // cannot fail
    box_ = own(std::move(box));
}

void Timer::start(std::chrono::milliseconds delay, std::chrono::milliseconds repeat) {
    // The loop's clock stands still while a callback runs; a delay is meant from now.
    uv_update_time(box_->handle.loop);
    const auto ticks = [](std::chrono::milliseconds time) {
        return static_cast<std::uint64_t>(std::max<std::chrono::milliseconds::rep>(time.count(), 0));
    };
    uv_timer_start(
        &box_->handle, [](uv_timer_t* handle) noexcept { static_cast<Box*>(handle->data)->on_time(); },
        ticks(delay), ticks(repeat));
}

void Timer::stop() {
    uv_timer_stop(&box_->handle);
}

bool Timer::is_active() const {
    return uv_is_active(reinterpret_cast<const uv_handle_t*>(&box_->handle)) != 0;
}

}  // namespace kpm::io

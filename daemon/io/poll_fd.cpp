#include "daemon/io/poll_fd.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace kpm::io {

Result<PollFd> PollFd::open(Loop& loop, int fd, int events, std::function<void(int events)> on_ready) {
    auto box = std::make_unique<Box>();
    box->on_ready = std::move(on_ready);
    if (const int status = uv_poll_init(loop.raw(), &box->handle, fd); status != 0)
        return os_error("poll", fmt::format("descriptor {}", fd), -status);
    PollFd poll(own(std::move(box)));
    poll.watch(events);
    return poll;
}

// libuv takes a descriptor out of epoll and puts it in again with each start, whether that changes it or not.
void PollFd::watch(int events) {
    if (std::exchange(box_->events, events) == events) return;
    if (events == 0)
        uv_poll_stop(&box_->handle);
    else
        uv_poll_start(&box_->handle, events, &PollFd::ready);
}

void PollFd::ready(uv_poll_t* handle, int status, int events) noexcept {
    Box& box = *static_cast<Box*>(handle->data);
    if (status != 0) box.events = 0;  // libuv has stopped it
    box.on_ready(status == 0 ? events : UV_READABLE | UV_WRITABLE);
}

}  // namespace kpm::io

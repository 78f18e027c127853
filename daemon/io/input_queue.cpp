#include "daemon/io/input_queue.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace kpm::io {

Result<std::unique_ptr<InputQueue>> InputQueue::open(Loop& loop, UniqueFd pipe, std::string name,
                                                     std::function<void()> on_done) {
    std::unique_ptr<InputQueue> made(new InputQueue(std::move(pipe), std::move(name), std::move(on_done)));
    auto poll = PollFd::open(loop, made->pipe_.get(), 0, [self = made.get()](int) { self->ready(); });
    if (!poll) return poll.error();
    made->poll_.emplace(std::move(poll).value());
    return made;
}

InputQueue::InputQueue(UniqueFd pipe, std::string name, std::function<void()> on_done)
    : pipe_(std::move(pipe)), name_(std::move(name)), on_done_(std::move(on_done)) {}

Result<void> InputQueue::write(std::string_view text) {
    if (text_.size() - sent_ + text.size() > kMaxUnsent)
        return Error{ErrorCode::Unavailable,
                     fmt::format("cannot write to '{}': it does not read its input", name_)};
    text_ += text;
    return write_some();
}

Result<void> InputQueue::write_some() {
    Result<void> result;
    while (!is_done()) {
        const ssize_t count = ::write(pipe_.get(), text_.data() + sent_, text_.size() - sent_);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) {
            result = os_error("write to", name_, errno);
            sent_ = text_.size();
            break;
        }
        sent_ += static_cast<std::size_t>(count);
    }
    // Now and then, so that many bytes that wait are not moved with each write.
    if (sent_ > text_.size() / 2) text_.erase(0, std::exchange(sent_, 0));
    poll_->watch(is_done() ? 0 : UV_WRITABLE);
    return result;
}

void InputQueue::ready() {
    (void)write_some();  // fails when nobody reads any more: then nothing waits
    if (!is_done()) return;
    // Moved out: the owner destroys this queue, and with it the callback, in the call.
    const auto on_done = std::move(on_done_);
    on_done();
}

}  // namespace kpm::io

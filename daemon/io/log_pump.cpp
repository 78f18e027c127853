#include "daemon/io/log_pump.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "daemon/io/local_offset.h"

namespace kpm::io {
namespace {

constexpr int kReadsPerTurn = 4;
// A pipe holds 1 MiB at most (fs.pipe-max-size); without a bound a fast writer would hold drain_and_close up
// for ever.
constexpr int kReadsAtClose = 256;
// Memory that one endless line has taken is given back.
constexpr std::size_t kKeptCapacity = std::size_t{256} << 10;

}  // namespace

Result<std::unique_ptr<LogPump>> LogPump::open(Loop& loop, UniqueFd pipe, core::LineStyle style,
                                               std::span<char> buffer, Callbacks callbacks) {
    std::unique_ptr<LogPump> made(
        new LogPump(std::move(pipe), std::move(style), buffer, std::move(callbacks)));
    auto poll =
        PollFd::open(loop, made->pipe_.get(), UV_READABLE, [self = made.get()](int) { self->ready(); });
    if (!poll) return poll.error();
    made->poll_.emplace(std::move(poll).value());
    return made;
}

void LogPump::ready() {
    for (int i = 0; i < kReadsPerTurn; ++i) {
        const Read read = read_once();
        if (read == Read::Nothing) return;
        if (read == Read::End) {
            finish();
            // Moved out: the owner destroys this pump, and with it its callbacks, in the call.
            const auto on_end = std::move(callbacks_.on_end);
            on_end();
            return;
        }
    }
}

void LogPump::drain_and_close() {
    for (int i = 0; i < kReadsAtClose; ++i)
        if (read_once() != Read::Some) break;
    finish();
}

LogPump::Read LogPump::read_once() {
    ssize_t size;
    do size = ::read(pipe_.get(), buffer_.data(), buffer_.size());
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN) return Read::Nothing;
    if (size <= 0) return Read::End;
    store({buffer_.data(), static_cast<std::size_t>(size)});
    return Read::Some;
}

void LogPump::store(std::string_view bytes) {
    const WallTime now = std::chrono::system_clock::now();
    if (style_.format == core::LogFormat::Raw) {
        callbacks_.on_output(bytes, bytes.size(), now);
        return;
    }
    const std::chrono::seconds offset = local_offset(now);
    lines_.feed(bytes, [&](std::string_view line) { append_line(formatted_, line, style_, now, offset); });
    callbacks_.on_output(formatted_, bytes.size(), now);
    formatted_.clear();
    if (formatted_.capacity() > kKeptCapacity) formatted_.shrink_to_fit();
}

void LogPump::finish() {
    poll_.reset();
    pipe_.reset();
    if (lines_.buffered() == 0) return;
    const WallTime now = std::chrono::system_clock::now();
    lines_.finish(
        [&](std::string_view line) { append_line(formatted_, line, style_, now, local_offset(now)); });
    callbacks_.on_output(formatted_, 0, now);
    formatted_.clear();
}

}  // namespace kpm::io

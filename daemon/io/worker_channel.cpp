#include "daemon/io/worker_channel.h"

#include <array>
#include <cstring>
#include <utility>

#include "ipc/base/fd_passing.h"

namespace kpm::io {
namespace {

using channel::ChannelMessage;

// So that one worker that talks without end leaves the loop to the others.
constexpr int kMessagesPerTurn = 64;
// A later version may have longer messages; what stands behind the known part is ignored.
constexpr std::size_t kMaxMessage = 256;

}  // namespace

Result<std::unique_ptr<WorkerChannel>> WorkerChannel::open(Loop& loop, UniqueFd socket, Callbacks callbacks) {
    std::unique_ptr<WorkerChannel> made(new WorkerChannel(std::move(socket), std::move(callbacks)));
    auto poll = PollFd::open(loop, made->socket_.get(), UV_READABLE,
                             [self = made.get()](int events) { self->ready(events); });
    if (!poll) return poll.error();
    made->poll_.emplace(std::move(poll).value());
    return made;
}

WorkerChannel::Sent WorkerChannel::send_connection(std::uint64_t listener, int connection) {
    if (full_) return Sent::Full;
    const ChannelMessage message{.type = channel::Type::Connection, .value = listener};
    const Sent sent = send(message, {&connection, 1});
    if (sent == Sent::Full) {
        full_ = true;
        watch();
    }
    return sent;
}

void WorkerChannel::send_notice(channel::Type type) {
    owed_.push_back({.type = type});
    if (!full_) send_owed();
}

void WorkerChannel::send_owed() {
    while (!owed_.empty()) {
        if (send(owed_.front(), {}) == Sent::Full) {
            full_ = true;
            watch();
            return;
        }
        // A notice that failed otherwise is for a worker that is gone.
        owed_.pop_front();
    }
}

WorkerChannel::Sent WorkerChannel::send(const ChannelMessage& message, std::span<const int> fds) {
    const auto result = send_with_fds(socket_.get(), std::as_bytes(std::span(&message, 1)), fds);
    if (result) return Sent::Sent;
    // EAGAIN, but also EPIPE and ECONNRESET of a worker that has gone; that one is readable as well.
    return result.error().code == ErrorCode::Unavailable ? Sent::Full : Sent::Failed;
}

void WorkerChannel::watch() {
    poll_->watch(UV_READABLE | (full_ ? UV_WRITABLE : 0));
}

void WorkerChannel::ready(int events) {
    if ((events & UV_READABLE) != 0) {
        if (auto reason = read_messages()) {
            // Moved out: the owner destroys this channel, and with it its callbacks, in the call.
            const auto on_gone = std::move(callbacks_.on_gone);
            on_gone(*std::move(reason));
            return;
        }
    }
    if (full_ && (events & UV_WRITABLE) != 0) {
        full_ = false;
        send_owed();
        if (!full_) callbacks_.on_room();
    }
    // Always: libuv stops watching a descriptor whose poll has failed, and there may be more to read.
    watch();
    if ((events & UV_READABLE) != 0) callbacks_.on_heard();
}

std::optional<std::string> WorkerChannel::read_messages() {
    for (int i = 0; i < kMessagesPerTurn; ++i) {
        std::array<std::byte, kMaxMessage> buffer;
        auto received = receive_with_fds(socket_.get(), buffer);
        // ECONNRESET too: the worker died with unread packets. Those that it had sent can still be read.
        if (!received && received.error().code == ErrorCode::Unavailable) return std::nullopt;
        if (!received) return received.error().message;
        if (received->size == 0) return "the worker has closed its channel";
        if (received->truncated || received->size < sizeof(ChannelMessage) || received->fds.size() > 1)
            return "the worker sent a malformed packet";
        ChannelMessage message;
        std::memcpy(&message, buffer.data(), sizeof message);
        // Without a free descriptor here what it refuses does not arrive: kpmd has its own copy.
        if (received->lost_fds && message.type != channel::Type::Refused)
            return "the worker sent a malformed packet";
        callbacks_.on_message(message, received->fds.empty() ? UniqueFd() : std::move(received->fds.front()));
    }
    return std::nullopt;
}

}  // namespace kpm::io

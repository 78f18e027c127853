#include "daemon/io/message_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace kpm::io {
namespace {

namespace node = core::node;

// So that one child that talks without end leaves the loop to the others.
constexpr int kReadsPerTurn = 4;

}  // namespace

Result<std::unique_ptr<MessageChannel>> MessageChannel::open(Loop& loop, UniqueFd socket,
                                                             Callbacks callbacks) {
    std::unique_ptr<MessageChannel> made(new MessageChannel(std::move(socket), std::move(callbacks)));
    auto poll = PollFd::open(loop, made->socket_.get(), UV_READABLE,
                             [self = made.get()](int events) { self->ready(events); });
    if (!poll) return poll.error();
    made->poll_.emplace(std::move(poll).value());
    return made;
}

Result<void> MessageChannel::send(const Json& message) {
    if (!queue(node::app_line(message)))
        return Error{ErrorCode::Unavailable, "cannot send 'message': the process does not read its messages"};
    return {};
}

bool MessageChannel::queue(std::string_view line) {
    if (unsent_.size() + line.size() > kMaxUnsent) return false;
    unsent_ += line;
    write_some();
    return true;
}

void MessageChannel::write_some() {
    std::size_t sent = 0;
    while (sent < unsent_.size()) {
        const ssize_t count =
            ::send(socket_.get(), unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) break;  // no room, or the child is gone: then it is readable, too
        sent += static_cast<std::size_t>(count);
    }
    unsent_.erase(0, sent);
    if (poll_) poll_->watch(UV_READABLE | (unsent_.empty() ? 0 : UV_WRITABLE));
}

void MessageChannel::ready(int events) {
    if ((events & UV_WRITABLE) != 0) write_some();
    if ((events & UV_READABLE) == 0) return;
    if (auto reason = read_some()) {
        // The keeper has a copy of this end: closing ours alone would leave the child to wait for ever.
        ::shutdown(socket_.get(), SHUT_RDWR);
        // Moved out: the owner destroys this channel, and with it its callbacks, in the call.
        const auto on_gone = std::move(callbacks_.on_gone);
        on_gone(*std::move(reason));
    }
}

void MessageChannel::finish() {
    poll_.reset();
    // As much as a socket holds at most; a descendant may go on writing.
    for (int i = 0; i < 64; ++i)
        if (read_some()) return;
}

std::optional<std::string> MessageChannel::read_some() {
    std::string reason;
    for (int i = 0; i < kReadsPerTurn; ++i) {
        const ChannelReader::Read read = reader_.read(socket_.get(), reason);
        if (read == ChannelReader::Read::Nothing) break;
        if (read == ChannelReader::Read::End) return reason;
        while (auto heard = reader_.next()) take(*std::move(heard));
        if (auto trouble = reader_.trouble()) return trouble;
    }
    return std::nullopt;
}

void MessageChannel::take(ChannelReader::Heard heard) {
    if (auto* const said = std::get_if<node::AppSaid>(&heard.message))
        return callbacks_.on_message(std::move(said->message));
    auto* const sent = std::get_if<node::HandleSent>(&heard.message);
    if (!sent) return;
    // Fails when the child reads nothing, and then waits for no answer either.
    (void)queue(reader_.marked(std::string(heard.has_handle ? node::kHandleTaken : node::kHandleLost)));
    if (heard.has_handle) callbacks_.on_message(std::move(sent->message));  // else it is sent again
}

}  // namespace kpm::io

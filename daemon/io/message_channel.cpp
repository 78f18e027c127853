#include "daemon/io/message_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace kpm::io {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;
// So that one child that talks without end leaves the loop to the others.
constexpr int kReadsPerTurn = 4;

}  // namespace

std::vector<Json> parse_message_lines(std::string_view lines) {
    std::vector<Json> messages;
    for (std::size_t end; (end = lines.find('\n')) != std::string_view::npos; lines.remove_prefix(end + 1)) {
        Json message = parse_json(lines.substr(0, end));
        if (!message.is_discarded()) messages.push_back(std::move(message));
    }
    return messages;
}

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
    const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    if (unsent_.size() + line.size() > kMaxUnsent)
        return Error{ErrorCode::Unavailable, "cannot send 'message': the process does not read its messages"};
    unsent_ += line;
    write_some();
    return {};
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
    std::array<char, kReadSize> buffer;
    for (int i = 0; i < kReadsPerTurn; ++i) {
        const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (count <= 0) return "the process has closed its message channel";
        received_.append(buffer.data(), static_cast<std::size_t>(count));
        if (auto reason = take_lines()) return reason;
    }
    return std::nullopt;
}

std::optional<std::string> MessageChannel::take_lines() {
    const std::size_t last = received_.rfind('\n');
    if (last != std::string::npos && last >= searched_) {
        const std::string lines = received_.substr(0, last + 1);
        received_.erase(0, last + 1);
        for (Json& message : parse_message_lines(lines)) callbacks_.on_message(std::move(message));
    }
    searched_ = received_.size();
    if (received_.size() > kMaxLine) return "the process sent a message longer than 8 MiB";
    return std::nullopt;
}

}  // namespace kpm::io

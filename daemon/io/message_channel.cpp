#include "daemon/io/message_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace kpm::io {
namespace {

namespace node = core::node;

// So that one child that talks without end leaves the loop to the others.
constexpr int kReadsPerTurn = 4;
constexpr int kMessagesPerTurn = 128;  // however slowly time passes meanwhile
constexpr std::chrono::milliseconds kNextTurn{1};
// As much as a socket holds at most; a descendant may go on writing.
constexpr int kLastReads = 64;

}  // namespace

Result<std::unique_ptr<MessageChannel>> MessageChannel::open(Loop& loop, UniqueFd socket,
                                                             Callbacks callbacks) {
    std::unique_ptr<MessageChannel> made(new MessageChannel(loop, std::move(socket), std::move(callbacks)));
    auto poll = PollFd::open(loop, made->socket_.get(), UV_READABLE,
                             [self = made.get()](int events) { self->ready(events); });
    if (!poll) return poll.error();
    made->poll_.emplace(std::move(poll).value());
    return made;
}

MessageChannel::MessageChannel(Loop& loop, UniqueFd socket, Callbacks callbacks)
    : loop_(loop), socket_(std::move(socket)), callbacks_(std::move(callbacks)) {}

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
    watch();
}

void MessageChannel::watch() {
    if (!poll_) return;
    auto rest = allowance_.rest(MessageAllowance::Clock::now());
    if (has_more_) rest = std::max(rest, kNextTurn);  // the socket may have nothing more to wake us with
    const bool is_resting = rest.count() > 0;
    if (is_resting) {
        if (!resume_) resume_ = std::make_unique<Timer>(loop_, [this] { ready(UV_READABLE); });
        if (!resume_->is_active()) resume_->start(rest);
    }
    poll_->watch((is_resting ? 0 : UV_READABLE) | (unsent_.empty() ? 0 : UV_WRITABLE));
}

void MessageChannel::ready(int events) {
    if ((events & UV_WRITABLE) != 0) write_some();
    if ((events & UV_READABLE) == 0) return;
    if (auto reason = read_some()) {
        // The keeper has a copy of this end: closing ours alone would leave the child to wait for ever.
        ::shutdown(socket_.get(), SHUT_RDWR);
        // Moved out: the owner destroys this channel, and with it its callbacks, in the call.
        const auto on_gone = std::move(callbacks_.on_gone);
        return on_gone(*std::move(reason));
    }
    watch();
}

void MessageChannel::finish() {
    poll_.reset();
    resume_.reset();
    is_finishing_ = true;
    (void)read_some();
}

std::optional<std::string> MessageChannel::read_some() {
    std::string reason;
    left_ = kMessagesPerTurn;
    if (!hear_read()) return std::nullopt;  // of the turn before
    for (int i = 0; i < (is_finishing_ ? kLastReads : kReadsPerTurn); ++i) {
        const ChannelReader::Read read = reader_.read(socket_.get(), reason);
        if (read == ChannelReader::Read::Nothing) break;
        if (read == ChannelReader::Read::End) return reason;
        if (!hear_read()) break;
        if (auto trouble = reader_.trouble()) return trouble;
        if (read == ChannelReader::Read::Less && !is_finishing_) break;  // the loop brings what comes now
    }
    return std::nullopt;
}

// False: some of it has to wait.
bool MessageChannel::hear_read() {
    for (;;) {
        const auto now = MessageAllowance::Clock::now();
        has_more_ = !is_finishing_ && (left_ == 0 || allowance_.rest(now).count() > 0);
        if (has_more_) return false;
        auto heard = reader_.next();
        if (!heard) return true;
        --left_;
        allowance_.spend(heard->size, now);
        take(*std::move(heard));
    }
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

#include "daemon/io/node_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <utility>

#include "ipc/base/fd_passing.h"

namespace kpm::io {
namespace {

namespace node = core::node;

// So that one worker that talks without end leaves the loop to the others.
constexpr int kReadsPerTurn = 4;
// More than a worker has to say of a whole window of connections.
constexpr int kLinesPerTurn = 256;
// As much as a socket holds at most; a descendant may go on writing.
constexpr int kLastReads = 64;
// Less than what Node reads at a time.
constexpr std::size_t kMaxBeforeHandle = 60'000;
constexpr std::chrono::milliseconds kResumeDelay{10};
constexpr std::chrono::milliseconds kNextTurn{1};

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

Result<std::unique_ptr<NodeChannel>> NodeChannel::open(Loop& loop, UniqueFd socket, Callbacks callbacks) {
    std::unique_ptr<NodeChannel> made(new NodeChannel(loop, std::move(socket), std::move(callbacks)));
    auto poll = PollFd::open(loop, made->socket_.get(), UV_READABLE,
                             [self = made.get()](int events) { self->ready(events); });
    if (!poll) return poll.error();
    made->poll_.emplace(std::move(poll).value());
    return made;
}

NodeChannel::NodeChannel(Loop& loop, UniqueFd socket, Callbacks callbacks)
    : socket_(std::move(socket)),
      callbacks_(std::move(callbacks)),
      unheard_(std::make_shared<std::atomic<std::size_t>>(0)),
      resume_(loop, [this] { ready(UV_READABLE); }) {}

NodeChannel::~NodeChannel() = default;

bool NodeChannel::send(std::string line) {
    if (unsent_bytes_ + line.size() > kMaxUnsent) return false;
    line = reader_.marked(std::move(line));
    unsent_bytes_ += line.size();
    unsent_.push_back({.line = std::move(line), .handle = {}});
    write_some();
    return true;
}

void NodeChannel::send_handle(std::string line, UniqueFd handle) {
    if (handles_ >= kMaxHandles) return end("the process does not acknowledge its listening sockets");
    ++handles_;
    unsent_bytes_ += line.size();
    unsent_.push_back({.line = std::move(line), .handle = std::move(handle)});
    write_some();
}

bool NodeChannel::pass_connection(std::string_view line, std::uint64_t seq, int connection) {
    if (!send_with_fds(socket_.get(), bytes_of(line), {&connection, 1})) return false;
    count_handle(line.size(), {.seq = seq, .again = {}});
    ++unanswered_;
    return true;
}

void NodeChannel::count_handle(std::size_t size, Sent sent) {
    if (plain_bytes_ + size > kMaxBeforeHandle) is_exclusive_ = true;
    plain_bytes_ = 0;
    unacknowledged_.push_back(std::move(sent));
}

void NodeChannel::write_some() {
    while (!unsent_.empty() && write_one(unsent_.front())) unsent_.pop_front();
    watch();
}

// False: no room, or not its turn, or the worker is gone, and then it is readable, too.
bool NodeChannel::write_one(Outgoing& one) {
    const std::size_t size = one.line.size();
    if (one.handle) {
        const int fd = one.handle.get();
        if (is_exclusive_ || !send_with_fds(socket_.get(), bytes_of(one.line), {&fd, 1})) return false;
        unsent_bytes_ -= size;
        ++one.tries;
        count_handle(size, {.seq = 0, .again = std::move(one)});
        return true;
    }
    std::size_t sent = 0;
    while (sent < size) {
        const ssize_t count =
            ::send(socket_.get(), one.line.data() + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) break;
        sent += static_cast<std::size_t>(count);
    }
    plain_bytes_ += sent;
    unsent_bytes_ -= sent;
    one.line.erase(0, sent);
    return one.line.empty();
}

void NodeChannel::watch() {
    if (!poll_) return;
    auto pause = this->pause();
    if (has_more_) pause = std::max(pause, kNextTurn);  // the socket may have nothing more to wake us with
    const bool is_paused = pause.count() > 0;
    if (is_paused && !resume_.is_active()) resume_.start(pause);
    const bool is_held = unsent_.empty() || (is_exclusive_ && unsent_.front().handle);
    poll_->watch((is_paused ? 0 : UV_READABLE) | (is_held ? 0 : UV_WRITABLE));
}

std::chrono::milliseconds NodeChannel::pause() {
    if (unheard_->load() > kMaxUnheard) return kResumeDelay;
    if (!allowance_.must_rest()) return std::chrono::milliseconds{0};
    return allowance_.rest(MessageAllowance::Clock::now());
}

void NodeChannel::ready(int events) {
    if ((events & UV_READABLE) != 0) {
        if (auto reason = read_some()) return end(*std::move(reason));
    }
    const bool had_no_room = !unsent_.empty();
    // Always: libuv stops watching a descriptor whose poll has failed, and there may be more to read.
    write_some();
    if (had_no_room && takes_connections()) callbacks_.on_room();
    callbacks_.on_heard();
}

void NodeChannel::end(std::string reason) {
    // The keeper has a copy of this end: closing ours alone would leave the worker to wait for ever.
    ::shutdown(socket_.get(), SHUT_RDWR);
    // Moved out: the owner destroys this channel, and with it its callbacks, in the call.
    const auto on_gone = std::move(callbacks_.on_gone);
    on_gone(std::move(reason));
}

void NodeChannel::finish() {
    poll_.reset();
    resume_.stop();
    is_finishing_ = true;
    (void)read_some();
}

std::optional<std::string> NodeChannel::read_some() {
    std::string reason;
    left_ = kLinesPerTurn;
    if (!hear_read()) return std::nullopt;  // of the turn before
    for (int i = 0; i < (is_finishing_ ? kLastReads : kReadsPerTurn); ++i) {
        const ChannelReader::Read read = reader_.read(socket_.get(), reason);
        if (read == ChannelReader::Read::Nothing) return std::nullopt;
        if (read == ChannelReader::Read::End) return reason;
        if (!hear_read()) break;
        if (auto trouble = reader_.trouble()) return trouble;
        if (read == ChannelReader::Read::Less && !is_finishing_) break;  // the loop brings what comes now
    }
    return std::nullopt;
}

// False: some of it has to wait.
bool NodeChannel::hear_read() {
    for (;;) {
        has_more_ = !is_finishing_ && (left_ == 0 || pause().count() > 0);
        if (has_more_) return false;
        auto heard = reader_.next();
        if (!heard) return true;
        --left_;
        take(*std::move(heard));
    }
}

void NodeChannel::take(ChannelReader::Heard heard) {
    node::Message& message = heard.message;
    if (!is_owed(message)) allowance_.spend(heard.size, MessageAllowance::Clock::now());
    if (std::holds_alternative<node::HandleTaken>(message)) return handle_answered(true);
    if (std::holds_alternative<node::HandleLost>(message)) return handle_answered(false);
    if (std::holds_alternative<node::Unknown>(message)) return;
    if (auto* const sent = std::get_if<node::HandleSent>(&message)) {
        // Without an answer the worker's whole queue stops.
        send(std::string(heard.has_handle ? node::kHandleTaken : node::kHandleLost));
        if (!heard.has_handle) return;  // it sends it again
        message = node::AppSaid{std::move(sent->message)};
    }
    std::shared_ptr<void> hold;
    // Those two are heard here.
    if (!std::holds_alternative<node::ConnectionAnswered>(message) &&
        !std::holds_alternative<node::ConnectionsTold>(message)) {
        const std::size_t size = std::max(heard.size, kLeastUnheard);
        *unheard_ += size;
        hold = std::shared_ptr<void>(nullptr, [unheard = unheard_, size](void*) { *unheard -= size; });
    }
    callbacks_.on_message(std::move(message), std::move(hold));
}

// What it has to say of what it was sent.
bool NodeChannel::is_owed(const node::Message& message) {
    if (std::holds_alternative<node::HandleTaken>(message) ||
        std::holds_alternative<node::HandleLost>(message))
        return !unacknowledged_.empty();
    if (!std::holds_alternative<node::ConnectionAnswered>(message) || unanswered_ == 0) return false;
    --unanswered_;
    return true;
}

void NodeChannel::handle_answered(bool arrived) {
    if (unacknowledged_.empty()) return;  // an earlier kpmd had sent it
    Sent sent = std::move(unacknowledged_.front());
    unacknowledged_.pop_front();
    const bool was_exclusive = is_exclusive_;
    if (unacknowledged_.empty()) is_exclusive_ = false;
    if (!arrived && !sent.again) {
        if (unanswered_ > 0) --unanswered_;
        callbacks_.on_lost(sent.seq);
    }
    if (!arrived && sent.again && sent.again->tries < kMostTries) {
        unsent_bytes_ += sent.again->line.size();
        unsent_.push_back(std::move(*sent.again));
    } else if (sent.again) {
        --handles_;
    }
    if (!unsent_.empty()) write_some();
    if (was_exclusive && takes_connections()) callbacks_.on_room();
}

}  // namespace kpm::io

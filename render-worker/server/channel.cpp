#include "render-worker/server/channel.h"

#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "ipc/base/fd_passing.h"

namespace kpm::render {

using channel::ChannelMessage;
using channel::Type;

// A later version may have longer messages; what stands behind the known part is ignored.
constexpr std::size_t kMaxMessage = 256;

Channel::Channel(boost::asio::io_context& io, UniqueFd socket, ChannelListener& listener)
    : socket_(io, socket.release()), listener_(listener) {}

void Channel::read() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                           if (error) return;  // the channel is being destroyed
                           while (receive()) {
                           }
                           if (!ended_) read();
                       });
}

bool Channel::receive() {
    std::array<std::byte, kMaxMessage> buffer;
    Result<ReceivedMessage> received = receive_with_fds(socket_.native_handle(), buffer);
    if (!received && received.error().code == ErrorCode::Unavailable) return false;
    if (!received || received->size == 0) {
        end();
        return false;
    }
    ChannelMessage message;
    if (received->size < sizeof message) return true;
    std::memcpy(&message, buffer.data(), sizeof message);
    switch (message.type) {
        case Type::Connection:
            if (!received->fds.empty()) {
                listener_.on_connection(std::move(received->fds.front()));
            } else {
                // The kernel could not install the descriptor (no free number); kpmd has its own copy.
                refuse(UniqueFd{});
            }
            break;
        case Type::Drain:
            listener_.on_drain();
            break;
        case Type::Hello:
            listener_.on_hello();
            break;
        default:
            break;
    }
    return true;
}

void Channel::send(Type type, std::uint64_t value, std::uint32_t flags) {
    push({.message = {.type = type, .flags = flags, .value = value}, .fd = {}});
}

void Channel::refuse(UniqueFd connection) {
    push({.message = {.type = Type::Refused}, .fd = std::move(connection)});
}

void Channel::push(Outgoing outgoing) {
    if (ended_) return;
    if (waiting_.empty() && send_now(outgoing)) return;
    // Only the newest load matters: without this the queue would grow for as long as no kpmd reads.
    if (outgoing.message.type == Type::Load && !waiting_.empty() &&
        waiting_.back().message.type == Type::Load) {
        waiting_.back() = std::move(outgoing);
        return;
    }
    const bool first = waiting_.empty();
    waiting_.push_back(std::move(outgoing));
    if (first) flush();
}

void Channel::flush() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                       [this](const boost::system::error_code& error) {
                           if (error || ended_) return;
                           while (!waiting_.empty() && send_now(waiting_.front())) waiting_.pop_front();
                           if (!waiting_.empty()) flush();
                       });
}

// False while the socket is full. Other errors mean that the peer is gone, which the next read tells.
bool Channel::send_now(const Outgoing& outgoing) {
    const int fd = outgoing.fd.get();
    const std::span<const int> fds = outgoing.fd ? std::span<const int>(&fd, 1) : std::span<const int>();
    const Result<void> sent =
        send_with_fds(socket_.native_handle(), std::as_bytes(std::span(&outgoing.message, 1)), fds);
    return sent || sent.error().code != ErrorCode::Unavailable;
}

void Channel::end() {
    if (std::exchange(ended_, true)) return;
    waiting_.clear();
    listener_.on_end();
}

}  // namespace kpm::render

#include "tests/integration/render/kpm_end.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <stdexcept>

#include "ipc/base/fd_passing.h"
#include "tests/support/eventually.h"

namespace kpm::test {

using channel::ChannelMessage;
using channel::Type;

KpmEnd::KpmEnd() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
        throw std::runtime_error("cannot make a channel");
    channel_ = {UniqueFd(ends[0]), UniqueFd(ends[1])};

    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 128) != 0)
        throw std::runtime_error("cannot listen");
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
}

void KpmEnd::pass_connection() {
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) throw std::runtime_error("cannot accept");
    const ChannelMessage message{.type = Type::Connection};
    const int fd = connection.get();
    if (!send_with_fds(channel_[0].get(), std::as_bytes(std::span(&message, 1)), {&fd, 1}))
        throw std::runtime_error("cannot pass a connection");
}

void KpmEnd::send(Type type) {
    const ChannelMessage message{.type = type};
    if (!send_with_fds(channel_[0].get(), std::as_bytes(std::span(&message, 1))))
        throw std::runtime_error("cannot send to the worker");
}

void KpmEnd::read() {
    while (!ended_) {
        ChannelMessage message;
        Result<ReceivedMessage> received =
            receive_with_fds(channel_[0].get(), std::as_writable_bytes(std::span(&message, 1)));
        if (!received && received.error().code == ErrorCode::Unavailable) return;
        if (!received || received->size == 0) {
            ended_ = true;
            return;
        }
        messages.push_back(message);
        for (UniqueFd& fd : received->fds) refused.push_back(std::move(fd));
    }
}

std::size_t KpmEnd::count(Type type) {
    return static_cast<std::size_t>(std::ranges::count(messages, type, &ChannelMessage::type));
}

ChannelMessage KpmEnd::last(Type type) {
    const auto found =
        std::find_if(messages.rbegin(), messages.rend(), [&](const auto& m) { return m.type == type; });
    if (found == messages.rend()) throw std::runtime_error("the worker has not said this");
    return *found;
}

bool KpmEnd::wait(const std::function<bool()>& condition) {
    return eventually([&] {
        read();
        return condition();
    });
}

bool KpmEnd::wait_count(Type type, std::size_t wanted) {
    return wait([&] { return count(type) >= wanted; });
}

bool KpmEnd::wait_load(std::uint64_t load) {
    return wait([&] { return count(Type::Load) > 0 && last(Type::Load).value == load; });
}

}  // namespace kpm::test

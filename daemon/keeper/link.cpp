#include "daemon/keeper/link.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace kpm::keeper {

Link::Sent Link::send(const Message& message, int fd) {
    switch (send_packet(socket_.get(), &message, sizeof message, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT)) {
        case 0:
            return Sent::Yes;
        case EPIPE:
        case ECONNRESET:
        case EBADF:
            return Sent::Gone;
        default:
            return Sent::Full;
    }
}

Link::Received Link::receive(Packet& packet) {
    // A kpmd that died with unread packets makes the first read fail with ECONNRESET, once; what it sent is
    // still there.
    ssize_t size;
    do size = receive_packet(socket_.get(), packet.bytes, sizeof packet.bytes, packet.with, MSG_DONTWAIT);
    while (size < 0 && errno == ECONNRESET);
    if (size < 0 && errno == EMSGSIZE) return Received::Malformed;
    if (size < 0) return errno == EAGAIN ? Received::Nothing : Received::Gone;
    if (size == 0 && packet.with.count == 0) return Received::Gone;
    if (static_cast<std::size_t>(size) < sizeof packet.message) return Received::Malformed;
    std::memcpy(&packet.message, packet.bytes, sizeof packet.message);
    packet.spec = std::span(packet.bytes)
                      .subspan(sizeof packet.message, static_cast<std::size_t>(size) - sizeof packet.message);
    return packet.spec.empty() || packet.message.kind == Kind::Spawn ? Received::Yes : Received::Malformed;
}

}  // namespace kpm::keeper

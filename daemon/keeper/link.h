#pragma once
// The keeper's end of the socket pair to kpmd: one packet in, one packet out, never waiting.

#include <span>

#include "daemon/keeper/packet.h"

namespace kpm::keeper {

struct Packet {
    Message message;
    std::span<const std::byte> spec;  // behind the message, in `bytes`
    ReceivedFds with;
    alignas(Message) std::byte bytes[sizeof(Message) + kMaxInlineSpec];
};

class Link {
public:
    enum class Sent { Yes, Full, Gone };
    enum class Received { Yes, Nothing, Malformed, Gone };

    void open(UniqueFd socket) { socket_ = std::move(socket); }
    void close() { socket_.reset(); }
    bool is_open() const { return static_cast<bool>(socket_); }
    int fd() const { return socket_.get(); }

    Sent send(const Message& message, int fd = -1);
    Received receive(Packet& packet);

private:
    UniqueFd socket_;
};

}  // namespace kpm::keeper

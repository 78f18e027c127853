#pragma once
// The keeper's end of the socket pair to kpmd: one packet in, one packet out, never waiting.

#include <cstddef>

#include "daemon/keeper/keeper_protocol.h"
#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

struct Packet {
    Message message;
    UniqueFd fds[1 + kMaxSpecFds];
    std::size_t fd_count = 0;
    bool fds_lost = false;  // more than a packet may carry, or no room in the keeper's descriptor table
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

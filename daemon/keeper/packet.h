#pragma once
// One packet with descriptors over a SOCK_SEQPACKET socket: sendmsg and recvmsg with SCM_RIGHTS.

#include <sys/types.h>

#include <cstddef>

#include "daemon/keeper/keeper_protocol.h"
#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

inline constexpr std::size_t kMaxPacketFds = 1 + kMaxSpecFds + kMaxSpawnSlots;

struct ReceivedFds {
    UniqueFd fds[kMaxPacketFds];
    std::size_t count = 0;
    bool lost = false;  // more than a packet may carry, or no room in the descriptor table

    void close() {
        for (UniqueFd& fd : fds) fd.reset();
    }
};

// `fds`: at most kMaxPacketFds. 0, or an errno.
int send_packet(int socket, const void* data, std::size_t size, const int* fds, std::size_t count, int flags);
// What recvmsg returns; -1 with EMSGSIZE for a packet of more than `size` bytes. `fds` are its descriptors
// even then.
ssize_t receive_packet(int socket, void* data, std::size_t size, ReceivedFds& fds, int flags);

}  // namespace kpm::keeper

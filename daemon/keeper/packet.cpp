#include "daemon/keeper/packet.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace kpm::keeper {

int send_packet(int socket, const void* data, std::size_t size, const int* fds, std::size_t count,
                int flags) {
    iovec part{const_cast<void*>(data), size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPacketFds)] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (count > 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
        std::memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
    }
    ssize_t sent;
    do sent = ::sendmsg(socket, &header, flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

ssize_t receive_packet(int socket, void* data, std::size_t size, ReceivedFds& fds, int flags) {
    iovec part{data, size};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPacketFds)];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    // CMSG_LEN, not the padded size: the kernel fills the padding with one more descriptor.
    header.msg_controllen = CMSG_LEN(sizeof(int) * kMaxPacketFds);
    ssize_t received;
    do received = ::recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    fds.count = 0;
    if (received < 0) return received;

    fds.lost = (header.msg_flags & MSG_CTRUNC) != 0;
    for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights; rights = CMSG_NXTHDR(&header, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
            fds.fds[fds.count++].reset(fd);
        }
    }
    if (header.msg_flags & MSG_TRUNC) {
        errno = EMSGSIZE;
        return -1;
    }
    return received;
}

}  // namespace kpm::keeper

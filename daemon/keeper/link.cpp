#include "daemon/keeper/link.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace kpm::keeper {

Link::Sent Link::send(const Message& message, int fd) {
    iovec part{const_cast<Message*>(&message), sizeof message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (fd >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    if (::sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return Sent::Yes;
    return errno == EPIPE || errno == ECONNRESET || errno == EBADF ? Sent::Gone : Sent::Full;
}

Link::Received Link::receive(Packet& packet) {
    iovec part{&packet.message, sizeof packet.message};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * (1 + kMaxSpecFds))];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    // CMSG_LEN, not the padded size: the kernel fills the padding with one more descriptor.
    header.msg_controllen = CMSG_LEN(sizeof(int) * (1 + kMaxSpecFds));
    // A kpmd that died with unread packets makes the first read fail with ECONNRESET, once; what it sent is
    // still there.
    ssize_t size;
    do size = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (size < 0 && (errno == EINTR || errno == ECONNRESET));
    if (size < 0) return errno == EAGAIN ? Received::Nothing : Received::Gone;

    packet.fd_count = 0;
    packet.fds_lost = (header.msg_flags & MSG_CTRUNC) != 0;
    for (cmsghdr* rights = CMSG_FIRSTHDR(&header); rights; rights = CMSG_NXTHDR(&header, rights)) {
        if (rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof fd, sizeof fd);
            packet.fds[packet.fd_count++].reset(fd);
        }
    }
    if (size == 0 && packet.fd_count == 0) return Received::Gone;
    const bool whole = size == sizeof packet.message && !(header.msg_flags & MSG_TRUNC);
    return whole ? Received::Yes : Received::Malformed;
}

}  // namespace kpm::keeper

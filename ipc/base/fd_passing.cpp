#include "ipc/base/fd_passing.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace kpm {
namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(int) * kMaxPassedFds);

template <class Call>
ssize_t retry_interrupted(Call call) {
    ssize_t count;
    do count = call();
    while (count < 0 && errno == EINTR);
    return count;
}

}  // namespace

Result<void> send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds) {
    if (fds.size() > kMaxPassedFds)
        return Error{ErrorCode::Invalid, "cannot send descriptors: too many at once"};
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char control[kControlSize] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    const ssize_t sent =
        retry_interrupted([&] { return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
    if (sent < 0) return os_error("send to", "socket", errno);
    if (static_cast<std::size_t>(sent) != bytes.size())
        return Error{ErrorCode::Io, "cannot send to 'socket': message was cut"};
    return {};
}

Result<ReceivedMessage> receive_with_fds(int socket, std::span<std::byte> buffer) {
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[kControlSize];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count =
        retry_interrupted([&] { return ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
    // The most frequent answer, and no trouble: it is worth no text.
    if (count < 0 && errno == EAGAIN) return Error{ErrorCode::Unavailable, {}};
    if (count < 0) return os_error("receive from", "socket", errno);

    ReceivedMessage received;
    received.size = static_cast<std::size_t>(count);
    received.truncated = (message.msg_flags & MSG_TRUNC) != 0;
    received.lost_fds = (message.msg_flags & MSG_CTRUNC) != 0;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < fd_count; ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            received.fds.emplace_back(fd);
        }
    }
    return received;
}

}  // namespace kpm

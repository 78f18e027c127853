#include "daemon/io/notify_socket.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "daemon/core/notify_message.h"

namespace kpm::io {
namespace {

bool is_socket_file(const std::string& path) {
    struct stat file {};
    return ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

Result<std::string> random_name() {
    unsigned char bytes[16];
    if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
        return os_error("make", "a random name", errno);
    std::string name(1, '\0');
    name += "kpm-notify-";
    for (const unsigned char byte : bytes) name += fmt::format("{:02x}", byte);
    return name;
}

Result<UniqueFd> bind_to(const std::string& name, const std::string& shown) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path) return os_error("bind", shown, ENAMETOOLONG);
    std::memcpy(address.sun_path, name.data(), name.size());
    // An abstract name ends where the address ends, a path at its NUL.
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                             (name.starts_with('\0') ? 0 : 1));
    UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return os_error("bind", shown, errno);
    // Both before it can be sent to: the file takes the socket's mode, and each datagram its sender's pid.
    const int on = 1;
    if (::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0 ||
        ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0)
        return os_error("bind", shown, errno);
    return socket;
}

}  // namespace

Result<UniqueFd> open_notify_socket(const ipc::Home& home, NotifyAddress kind) {
    if (kind == NotifyAddress::Abstract) {
        const auto name = random_name();
        return name ? bind_to(*name, "@" + name->substr(1)) : name.error();
    }
    const std::string path = home.notify_socket();
    if (is_socket_file(path) && ::unlink(path.c_str()) != 0) return os_error("remove", path, errno);
    return bind_to(path, path);
}

UniqueFd inherited_notify_socket(std::vector<KeptFd>& kept) {
    const auto it = std::ranges::find(kept, kNotifyOwner, &KeptFd::owner);
    if (it == kept.end()) return {};
    UniqueFd socket = std::move(it->fd);
    kept.erase(it);
    const std::string address = notify_address(socket.get());
    if (address.starts_with('@') || is_socket_file(address)) return socket;
    return {};
}

std::string notify_address(int socket) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    constexpr socklen_t kHead = offsetof(sockaddr_un, sun_path);
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 || size <= kHead) return {};
    if (address.sun_path[0] != '\0')
        return {address.sun_path, ::strnlen(address.sun_path, std::size_t{size} - kHead)};
    return "@" + std::string(address.sun_path + 1, std::size_t{size} - kHead - 1);
}

std::optional<NotifyDatagram> receive_notification(int socket) {
    NotifyDatagram datagram;
    datagram.text.resize(core::kMaxNotification + 1);
    iovec part{datagram.text.data(), datagram.text.size()};
    // Room for the credentials, which come first, and for nothing else: descriptors never get in, the kernel
    // closes what does not fit.
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t size = 0;
    do {
        size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return std::nullopt;
    datagram.text.resize(static_cast<std::size_t>(size));
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one))
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_CREDENTIALS) {
            ucred sender{};
            std::memcpy(&sender, CMSG_DATA(one), sizeof sender);
            datagram.pid = sender.pid;
            datagram.uid = sender.uid;
        }
    return datagram;
}

}  // namespace kpm::io

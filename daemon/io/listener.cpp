#include "daemon/io/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "daemon/io/port_holder.h"
#include "daemon/io/user_lookup.h"

namespace kpm::io {
namespace {

using Kind = core::ListenAddress::Kind;

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
};

template <class Address>
SocketAddress wrap(const Address& address) {
    SocketAddress wrapped;
    std::memcpy(&wrapped.storage, &address, sizeof address);
    wrapped.size = sizeof address;
    return wrapped;
}

SocketAddress ipv4_any(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return wrap(address);
}

Result<SocketAddress> socket_address(const core::ListenAddress& from) {
    const auto refused = [&] {
        return Error{ErrorCode::Invalid, fmt::format("cannot listen on '{}': not an address", to_text(from))};
    };
    switch (from.kind) {
        case Kind::Any: {
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_port = htons(from.port);
            return wrap(address);
        }
        case Kind::Ipv4: {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(from.port);
            if (::inet_pton(AF_INET, from.host.c_str(), &address.sin_addr) != 1) return refused();
            return wrap(address);
        }
        case Kind::Ipv6: {
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_port = htons(from.port);
            const std::size_t percent = from.host.find('%');
            if (percent != std::string::npos) {
                address.sin6_scope_id = ::if_nametoindex(from.host.c_str() + percent + 1);
                if (address.sin6_scope_id == 0) return refused();
            }
            if (::inet_pton(AF_INET6, from.host.substr(0, percent).c_str(), &address.sin6_addr) != 1)
                return refused();
            return wrap(address);
        }
        case Kind::Unix: {
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            if (from.path.size() >= sizeof address.sun_path) return refused();
            std::memcpy(address.sun_path, from.path.data(), from.path.size());
            return wrap(address);
        }
    }
    return refused();
}

// The file of a server that is gone refuses connections; only such a file may be taken away. Connecting to a
// file of another kind is refused as well.
bool is_stale_socket_file(const std::string& path, const SocketAddress& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0 || !S_ISSOCK(status.st_mode)) return false;
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return probe && ::connect(probe.get(), address.raw(), address.size) < 0 && errno == ECONNREFUSED;
}

// The file that was there a moment ago may be another's: what is changed is the socket, or nothing. errno or
// 0.
int open_socket_file(const std::string& path, UniqueFd& file, struct stat& status) {
    file.reset(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!file || ::fstat(file.get(), &status) < 0) return errno;
    return S_ISSOCK(status.st_mode) ? 0 : ENOTSOCK;
}

// errno or 0.
int set_file_mode(const core::ListenAddress& address, unsigned added) {
    if (!address.mode && added == 0) return 0;
    UniqueFd file;
    struct stat status {};
    if (const int failure = open_socket_file(address.path, file, status); failure != 0) return failure;
    const mode_t mode = address.mode.value_or((status.st_mode & 07777) | added);
    return ::chmod(fmt::format("/proc/self/fd/{}", file.get()).c_str(), mode) < 0 ? errno : 0;
}

Result<void> set_owner(const core::ListenAddress& address, int& number) {
    if (address.user.empty() && address.group.empty()) return {};
    const auto owner =
        look_up_user(address.user.empty() ? std::to_string(::geteuid()) : address.user, address.group);
    number = owner ? 0 : EINVAL;
    if (!owner) return owner.error();
    UniqueFd file;
    struct stat status {};
    number = open_socket_file(address.path, file, status);
    if (number == 0 && ::fchownat(file.get(), "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0) number = errno;
    if (number != 0) return os_error("set the owner of", address.path, number);
    return {};
}

Error cannot_listen(const core::ListenAddress& address, int error_number) {
    Error error = os_error("listen on", to_text(address), error_number);
    static thread_local PortHolders holders;
    if (error_number == EADDRINUSE && address.kind != Kind::Unix)
        if (const auto holder = holders.find(address.port, PortHolders::Clock::now()))
            error.message += fmt::format(" (held by pid {}, {})", holder->pid, holder->command);
    return error;
}

void set_option(int socket, int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
}

int try_bind(const core::ListenAddress& address, const SocketAddress& target, const ListenerOptions& options,
             UniqueFd& socket) {
    socket.reset(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return errno;
    if (address.kind != Kind::Unix) set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (target.family() == AF_INET6)
        set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.kind == Kind::Ipv6);

    if (::bind(socket.get(), target.raw(), target.size) == 0) return 0;
    const int failure = errno;
    if (failure != EADDRINUSE || address.kind != Kind::Unix || !is_stale_socket_file(address.path, target))
        return failure;
    if (::unlink(address.path.c_str()) < 0) return errno;
    return ::bind(socket.get(), target.raw(), target.size) == 0 ? 0 : errno;
}

}  // namespace

Result<UniqueFd> open_listener(const core::ListenAddress& address, const ListenerOptions& options,
                               int* error_number) {
    int unused = 0;
    int& number = error_number ? *error_number : unused;
    const Result<SocketAddress> target = socket_address(address);
    if (!target) {
        number = EINVAL;
        return target.error();
    }

    UniqueFd socket;
    int failure = try_bind(address, *target, options, socket);
    const bool no_ipv6 = failure == EAFNOSUPPORT || failure == EADDRNOTAVAIL;
    if (no_ipv6 && address.kind == Kind::Any)
        failure = try_bind(address, ipv4_any(address.port), options, socket);
    if (failure == 0 && address.kind == Kind::Unix) {
        number = set_file_mode(address, options.unix_mode_added);
        const auto owned = set_owner(address, number == 0 ? number : unused);
        if (number != 0) ::unlink(address.path.c_str());
        if (!owned) return owned.error();
        if (number != 0) return os_error("set the mode of", address.path, number);
    }
    if (failure == 0 && !options.only_bind &&
        ::listen(socket.get(), address.backlog.value_or(options.backlog)) < 0)
        failure = errno;
    number = failure;
    if (failure != 0) return cannot_listen(address, failure);
    return socket;
}

UniqueFd copy_of(const UniqueFd& socket) {
    return UniqueFd(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
}

void end_listening(int listener) {
    ::shutdown(listener, SHUT_RDWR);
    remove_socket_file(listener);
}

void remove_socket_file(int listener) {
    const auto address = bound_address(listener);
    if (!address || address->kind != Kind::Unix) return;
    struct stat status {};
    if (::lstat(address->path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode))
        ::unlink(address->path.c_str());
}

Result<core::ListenAddress> bound_address(int listener) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) < 0)
        return os_error("read the address of", "listener", errno);

    core::ListenAddress address;
    char text[INET6_ADDRSTRLEN] = {};
    if (storage.ss_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, &storage, sizeof ipv4);
        address.port = ntohs(ipv4.sin_port);
        if (ipv4.sin_addr.s_addr == INADDR_ANY) return address;
        address.kind = Kind::Ipv4;
        address.host = ::inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
    } else if (storage.ss_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, &storage, sizeof ipv6);
        address.port = ntohs(ipv6.sin6_port);
        if (IN6_IS_ADDR_UNSPECIFIED(&ipv6.sin6_addr)) return address;
        address.kind = Kind::Ipv6;
        address.host = ::inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
    } else if (storage.ss_family == AF_UNIX) {
        sockaddr_un local{};
        std::memcpy(&local, &storage, sizeof local);
        address.kind = Kind::Unix;
        address.path = local.sun_path;
    } else {
        return Error{ErrorCode::Invalid,
                     "cannot read the address of 'listener': not an internet or unix socket"};
    }
    return address;
}

}  // namespace kpm::io

#include "daemon/io/probe_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace kpm::io {
namespace {

constexpr int kMostForeign = 8;  // connections of others, that come between

SocketAddress loopback() {
    SocketAddress address;
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::memcpy(&address.storage, &in, address.size = sizeof in);
    return address;
}

SocketAddress name_of(int socket) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0)
        address.size = 0;
    return address;
}

int port_of(const SocketAddress& address) {
    if (address.storage.ss_family == AF_INET) {
        sockaddr_in in;
        std::memcpy(&in, &address.storage, sizeof in);
        return ntohs(in.sin_port);
    }
    if (address.storage.ss_family != AF_INET6) return -1;
    sockaddr_in6 in;
    std::memcpy(&in, &address.storage, sizeof in);
    return ntohs(in.sin6_port);
}

Error failed(int error_number) {
    return os_error("create", "connection", error_number);
}

Result<std::pair<UniqueFd, UniqueFd>> make_tcp() {
    const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener || !client) return failed(errno);
    const SocketAddress any = loopback();
    if (::bind(listener.get(), any.raw(), any.size) != 0 || ::listen(listener.get(), kMostForeign) != 0)
        return failed(errno);
    const SocketAddress place = name_of(listener.get());
    if (::connect(client.get(), place.raw(), place.size) != 0 && errno != EINPROGRESS) return failed(errno);
    const int own_port = port_of(name_of(client.get()));
    // On loopback the connection is there when connect() returns.
    for (int i = 0; i < kMostForeign; ++i) {
        SocketAddress peer;
        peer.size = sizeof peer.storage;
        UniqueFd server(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.size,
                                  SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!server) return failed(errno);
        if (port_of(peer) == own_port) return std::pair{std::move(client), std::move(server)};
    }
    return failed(ECONNABORTED);
}

}  // namespace

SocketAddress socket_address(const ecosystem::ProbeAddress& address, std::size_t index) {
    SocketAddress result;
    if (address.hosts.empty()) {
        sockaddr_un un{};
        un.sun_family = AF_UNIX;
        std::memcpy(un.sun_path, address.socket.data(),
                    std::min(address.socket.size(), sizeof un.sun_path - 1));
        std::memcpy(&result.storage, &un, result.size = sizeof un);
        return result;
    }
    const std::string& host = address.hosts[index];
    sockaddr_in in{};
    if (::inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1) {
        in.sin_family = AF_INET;
        in.sin_port = htons(address.port);
        std::memcpy(&result.storage, &in, result.size = sizeof in);
        return result;
    }
    sockaddr_in6 in6{};
    ::inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(address.port);
    std::memcpy(&result.storage, &in6, result.size = sizeof in6);
    return result;
}

bool is_reached_at(int listener, const ecosystem::ProbeAddress& address) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(listener, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
    const SocketAddress name = name_of(listener);
    if (!address.hosts.empty()) return name.size != 0 && port_of(name) == address.port;
    if (name.size == 0 || name.storage.ss_family != AF_UNIX) return false;
    sockaddr_un un{};
    std::memcpy(&un, &name.storage, std::min<std::size_t>(name.size, sizeof un - 1));
    return address.socket == un.sun_path;
}

Result<std::pair<UniqueFd, UniqueFd>> make_connection(bool is_unix) {
    if (!is_unix) return make_tcp();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return failed(errno);
    return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string reason_of(int error_number) {
    std::string text = std::strerror(error_number);
    if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return text;
}

bool is_our_shortage(int error_number) {
    switch (error_number) {
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
        case EADDRNOTAVAIL:  // no port is left for our end
            return true;
        default:
            return false;
    }
}

}  // namespace kpm::io

#include "daemon/io/node_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "daemon/io/listener.h"

namespace kpm::io {
namespace {

using core::ListenAddress;
using core::node::ListenQuery;

constexpr int kMaxPort = std::numeric_limits<std::uint16_t>::max();

ListenAddress address_of(const ListenQuery& query) {
    ListenAddress address;
    address.port = static_cast<std::uint16_t>(query.port);
    if (query.kind == ListenQuery::Kind::Unix) return {ListenAddress::Kind::Unix, "", 0, query.address};
    const bool is_everywhere = query.address.empty() || query.address == "::";
    if (is_everywhere && !query.only_ipv6) return address;
    address.kind = query.is_ipv6 || is_everywhere ? ListenAddress::Kind::Ipv6 : ListenAddress::Kind::Ipv4;
    address.host = query.address.empty() ? "::" : query.address;
    return address;
}

// Two sockets of one port must both be willing to.
void share_port(int socket, bool shares) {
    const int on = shares;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

Result<UniqueFd> open_datagram(const ListenQuery& query, int& error_number) {
    const std::string host = !query.address.empty() ? query.address : query.is_ipv6 ? "::" : "0.0.0.0";
    const auto failed = [&](int number) {
        error_number = number;
        return os_error("listen on", fmt::format("udp {}:{}", host, query.port), number);
    };
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (query.is_ipv6) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(static_cast<std::uint16_t>(query.port));
        if (::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return failed(EINVAL);
        std::memcpy(&storage, &address, size = sizeof address);
    } else {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(query.port));
        if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return failed(EINVAL);
        std::memcpy(&storage, &address, size = sizeof address);
    }
    UniqueFd socket(::socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return failed(errno);
    if (query.reuse_address) share_port(socket.get(), true);
    const int on = 1;
    if (query.is_ipv6 && query.only_ipv6)
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) < 0) return failed(errno);
    return socket;
}

}  // namespace

Result<UniqueFd> open_slot_socket(const ListenQuery& query, bool is_first, int& error_number) {
    if (query.port > kMaxPort) return open_node_socket(query, error_number);
    ListenerOptions options;
    options.only_bind = true;
    // The kernel gives each port 0 another one: nothing to see there.
    if (is_first && query.port != 0)
        if (auto probe = open_listener(address_of(query), options, &error_number); !probe) return probe;
    options.only_bind = false;
    options.reuse_port = true;
    options.backlog = query.backlog;
    return open_listener(address_of(query), options, &error_number);
}

Result<UniqueFd> open_node_socket(const ListenQuery& query, int& error_number) {
    if (query.port > kMaxPort || (query.kind == ListenQuery::Kind::Unix && !query.address.starts_with('/'))) {
        error_number = EINVAL;
        return os_error("listen on", fmt::format("{}:{}", query.address, query.port), EINVAL);
    }
    if (query.kind == ListenQuery::Kind::Udp) return open_datagram(query, error_number);
    ListenerOptions options;
    options.backlog = query.backlog;
    if (query.readable_by_all) options.unix_mode_added |= S_IRUSR | S_IRGRP | S_IROTH;
    if (query.writable_by_all) options.unix_mode_added |= S_IWUSR | S_IWGRP | S_IWOTH;
    return open_listener(address_of(query), options, &error_number);
}

std::optional<int> leave_datagram_port(int socket) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM)
        return std::nullopt;
    share_port(socket, true);
    const auto name = socket_name(socket);
    return name ? std::optional(name->port) : std::nullopt;
}

Result<UniqueFd> open_datagram_again(const ListenQuery& query, int& error_number) {
    ListenQuery shared = query;
    shared.reuse_address = true;
    auto opened = open_datagram(shared, error_number);
    // Now it shares with nobody else who comes.
    if (opened && !query.reuse_address) share_port(opened->get(), false);
    return opened;
}

std::optional<core::node::SocketName> socket_name(int socket) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) < 0) return std::nullopt;
    char text[INET6_ADDRSTRLEN] = {};
    core::node::SocketName name;
    if (storage.ss_family == AF_INET) {
        sockaddr_in address;
        std::memcpy(&address, &storage, sizeof address);
        name.port = ntohs(address.sin_port);
        name.address = ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
        return name;
    }
    if (storage.ss_family != AF_INET6) return std::nullopt;
    sockaddr_in6 address;
    std::memcpy(&address, &storage, sizeof address);
    name.is_ipv6 = true;
    name.port = ntohs(address.sin6_port);
    name.address = ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    return name;
}

}  // namespace kpm::io

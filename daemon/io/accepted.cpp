#include "daemon/io/accepted.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <functional>
#include <string_view>

namespace kpm::io {
namespace {

std::uint64_t hash_of(const void* bytes, std::size_t size) {
    return std::hash<std::string_view>{}({static_cast<const char*>(bytes), size}) | 1u;
}

}  // namespace

Accepted accept_connection(int listener) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Accepted accepted;
    accepted.socket.reset(
        ::accept4(listener, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (from.ss_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, &from, sizeof ipv4);
        accepted.client = hash_of(&ipv4.sin_addr, sizeof ipv4.sin_addr);
    } else if (from.ss_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, &from, sizeof ipv6);
        accepted.client = hash_of(&ipv6.sin6_addr, sizeof ipv6.sin6_addr);
    }
    return accepted;
}

}  // namespace kpm::io

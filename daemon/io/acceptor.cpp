#include "daemon/io/acceptor.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

namespace kpm::io {
namespace {

// One turn of the loop takes no more from one listener, so that answers of workers are read in between.
constexpr int kMostPerTurn = 64;
constexpr std::chrono::milliseconds kPause{100};

std::uint64_t hash_of(const void* bytes, std::size_t size) {
    return std::hash<std::string_view>{}({static_cast<const char*>(bytes), size}) | 1u;
}

std::uint64_t client_of(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, &from, sizeof ipv4);
        return hash_of(&ipv4.sin_addr, sizeof ipv4.sin_addr);
    }
    if (from.ss_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, &from, sizeof ipv6);
        return hash_of(&ipv6.sin6_addr, sizeof ipv6.sin6_addr);
    }
    return 0;
}

}  // namespace

Acceptor::Acceptor(Loop& loop, Callbacks callbacks)
    : callbacks_(std::move(callbacks)), pause_(loop, [this] { callbacks_.on_resume(); }) {}

void Acceptor::take(int listener, bool asks_for_client, const std::function<bool()>& may_take,
                    const std::function<void(Taken)>& give) {
    sockaddr_storage from{};
    for (int i = 0; i < kMostPerTurn && may_take(); ++i) {
        socklen_t size = sizeof from;
        from.ss_family = AF_UNSPEC;
        UniqueFd socket(::accept4(listener, asks_for_client ? reinterpret_cast<sockaddr*>(&from) : nullptr,
                                  asks_for_client ? &size : nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            // EINVAL: it has just been told to end (end_listening), and so will this loop.
            if (errno != EAGAIN && errno != EINVAL) fail(errno);
            return;
        }
        has_trouble_ = false;
        give({std::move(socket), client_of(from)});
    }
}

// The connections stay in the backlog, which a loop that spins would not change.
void Acceptor::fail(int error_number) {
    pause_.start(kPause);
    if (!std::exchange(has_trouble_, true)) callbacks_.on_trouble(error_number);
}

}  // namespace kpm::io

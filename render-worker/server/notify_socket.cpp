#include "render-worker/server/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace kpm::render {
namespace {

std::optional<std::int64_t> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, failure] = std::from_chars(text, end, number);
    if (failure != std::errc{} || stop != end || number <= 0) return std::nullopt;
    return number;
}

}  // namespace

NotifySocket::NotifySocket() {
    const char* const text = std::getenv("NOTIFY_SOCKET");
    if (!text || (text[0] != '/' && text[0] != '@')) return;
    const std::size_t length = std::strlen(text);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (length < 2 || length >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, text, length);
    if (text[0] == '@') address.sun_path[0] = '\0';
    socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    address_.assign(reinterpret_cast<const char*>(&address), offsetof(sockaddr_un, sun_path) + length);
}

void NotifySocket::send(std::string_view text) {
    if (!socket_) return;
    [[maybe_unused]] const ssize_t sent =
        ::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(address_.data()), static_cast<socklen_t>(address_.size()));
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    const auto interval = number_in("WATCHDOG_USEC");
    if (!interval) return std::nullopt;
    if (std::getenv("WATCHDOG_PID") && number_in("WATCHDOG_PID") != std::int64_t{::getpid()})
        return std::nullopt;
    return std::chrono::microseconds(*interval);
}

}  // namespace kpm::render

#include "daemon/keeper/report.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon/keeper/keeper_protocol.h"

namespace kpm::keeper {
namespace {

constexpr std::size_t kLineSize = 1024;

// prefix + text + "\n", cut to fit; returns the length.
std::size_t format_line(char (&line)[kLineSize], const char* prefix, const char* format, va_list arguments) {
    const int start = std::snprintf(line, sizeof line, "%s", prefix);
    const auto room = sizeof line - static_cast<std::size_t>(start) - 1;
    const int length = std::vsnprintf(line + start, room, format, arguments);
    const std::size_t kept = length < 0 ? 0 : static_cast<std::size_t>(length);
    const std::size_t end = static_cast<std::size_t>(start) + (kept < room ? kept : room - 1);
    line[end] = '\n';
    return end + 1;
}

// A line that cannot be written is lost: nothing the keeper does depends on it.
void write_all(int fd, const char* text, std::size_t size) {
    while (size > 0) {
        const ssize_t count = ::write(fd, text, size);
        if (count <= 0) return;
        text += count;
        size -= static_cast<std::size_t>(count);
    }
}

}  // namespace

void log_line(const char* format, ...) {
    char line[kLineSize];
    va_list arguments;
    va_start(arguments, format);
    const std::size_t size = format_line(line, "keeper: ", format, arguments);
    va_end(arguments);
    write_all(STDERR_FILENO, line, size);
}

void ReadyRelay::open_waiter() {
    const char* text = std::getenv(kReadyFdVariable);
    if (!text) return;
    const int fd = std::atoi(text);
    ::unsetenv(kReadyFdVariable);
    if (fd > STDERR_FILENO && ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) waiter_.reset(fd);
}

void ReadyRelay::open_service_manager() {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (!path) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::strlen(path);
    if (length > 0 && length < sizeof address.sun_path) {
        std::memcpy(address.sun_path, path, length);
        if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
        service_manager_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (::connect(service_manager_.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0) {
            log_line("cannot connect to '%s' of NOTIFY_SOCKET: %s", path, std::strerror(errno));
            service_manager_.reset();
        }
    }
    ::unsetenv("NOTIFY_SOCKET");
}

void ReadyRelay::tell_service_manager() {
    if (service_manager_ && ::send(service_manager_.get(), "READY=1", 7, MSG_NOSIGNAL) < 0)
        log_line("cannot tell the service manager of the start: %s", std::strerror(errno));
    service_manager_.reset();
}

UniqueFd ReadyRelay::make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return UniqueFd{};
    pipe_.reset(ends[0]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return UniqueFd{ends[1]};
}

bool ReadyRelay::forward() {
    char text[kLineSize];
    const ssize_t size = ::read(pipe_.get(), text, sizeof text);
    if (size < 0 && errno == EAGAIN) return false;
    if (size > 0) {
        was_ready_ |= !was_answered_ && size >= 5 && std::memcmp(text, "ready", 5) == 0;
        answer(text, static_cast<std::size_t>(size));
        if (!was_ready_) return true;
    }
    pipe_.reset();
    if (was_ready_) {
        waiter_.reset();
        tell_service_manager();
    }
    return false;
}

void ReadyRelay::fail(const char* format, ...) {
    char line[kLineSize];
    va_list arguments;
    va_start(arguments, format);
    const std::size_t size = format_line(line, "error: ", format, arguments);
    va_end(arguments);
    answer(line, size);
}

void ReadyRelay::answer(const char* text, std::size_t size) {
    was_answered_ = true;
    if (waiter_)
        write_all(waiter_.get(), text, size);
    else if (!was_ready_)
        write_all(STDERR_FILENO, text, size);
}

}  // namespace kpm::keeper

#include "daemon/io/inotify.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace kpm::io {
namespace {

constexpr std::size_t kBuffer = std::size_t{16} << 10;

}  // namespace

Result<std::unique_ptr<Inotify>> Inotify::open(Loop& loop, std::function<void(const FileNotice&)> on_notice) {
    UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd) {
        if (errno != EMFILE) return os_error("watch", "files", errno);
        // The kernel has the same answer for two limits.
        return Error{
            ErrorCode::Unavailable,
            "cannot watch files: too many inotify instances, raise the sysctl fs.inotify.max_user_instances "
            "(or the limit of open files)"};
    }
    std::unique_ptr<Inotify> inotify(new Inotify(std::move(fd), std::move(on_notice)));
    auto readable = PollFd::open(loop, inotify->fd_.get(), UV_READABLE,
                                 [self = inotify.get()](int) { self->read_notices(); });
    if (!readable) return readable.error();
    inotify->readable_.emplace(std::move(readable).value());
    return inotify;
}

Result<int> Inotify::add(const std::string& path, std::uint32_t mask) {
    const int watch = ::inotify_add_watch(fd_.get(), path.c_str(), mask);
    if (watch < 0) return watch_error(path, errno);
    return watch;
}

void Inotify::remove(int watch) {
    ::inotify_rm_watch(fd_.get(), watch);
}

// One buffer a turn of the loop; what is left makes the descriptor readable again.
void Inotify::read_notices() {
    alignas(inotify_event) char buffer[kBuffer];
    const ssize_t count = ::read(fd_.get(), buffer, sizeof buffer);
    for (ssize_t at = 0; at < count;) {
        inotify_event event;
        std::memcpy(&event, buffer + at, sizeof event);
        const char* name = buffer + at + sizeof event;  // padded with zeros
        on_notice_({.watch = event.wd, .mask = event.mask, .name = {name, ::strnlen(name, event.len)}});
        at += static_cast<ssize_t>(sizeof event + event.len);
    }
}

Error watch_error(const std::string& path, int error_number) {
    if (error_number != ENOSPC) return os_error("watch", path, error_number);
    return {ErrorCode::Unavailable,
            fmt::format(
                "cannot watch '{}': too many inotify watches, raise the sysctl fs.inotify.max_user_watches",
                path)};
}

}  // namespace kpm::io

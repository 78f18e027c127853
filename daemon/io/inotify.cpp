#include "daemon/io/inotify.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>

#include "daemon/io/file_status.h"

namespace kpm::io {
namespace {

constexpr std::size_t kBuffer = std::size_t{16} << 10;
// More than one, so that a flood of notices does not easily overflow the kernel's queue, which all share.
constexpr int kReadsAtMost = 8;

// The clock that files are dated by, which is behind the other by up to a tick.
std::chrono::system_clock::time_point file_clock_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return time_of(now);
}

}  // namespace

Inotify::Inotify(UniqueFd fd) : fd_(std::move(fd)), empty_at_(file_clock_now()) {}

Inotify::~Inotify() {
    assert(clients_.empty());
}

Result<std::unique_ptr<Inotify>> Inotify::open(Loop& loop) {
    UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd) {
        if (errno != EMFILE) return os_error("watch", "files", errno);
        // The kernel has the same answer for two limits.
        return Error{
            ErrorCode::Unavailable,
            "cannot watch files: too many inotify instances, raise the sysctl fs.inotify.max_user_instances "
            "(or the limit of open files)"};
    }
    std::unique_ptr<Inotify> inotify(new Inotify(std::move(fd)));
    auto readable = PollFd::open(loop, inotify->fd_.get(), UV_READABLE,
                                 [self = inotify.get()](int) { self->read_notices(); });
    if (!readable) return readable.error();
    inotify->readable_.emplace(std::move(readable).value());
    return inotify;
}

Inotify::Client::Client(Inotify& inotify, std::function<void(const FileNotice&)> on_notice)
    : inotify_(inotify), on_notice_(std::move(on_notice)) {
    inotify_.clients_.push_back(this);
}

Inotify::Client::~Client() {
    for (const int watch : watches_) inotify_.drop(*this, watch);
    std::erase(inotify_.clients_, this);
}

// What another client asks of the same inode is added to, not replaced. That one hears of some more then, and
// does not mind: all ask for the same, by kind of file.
Result<int> Inotify::Client::add(const std::string& path, std::uint32_t mask) {
    const int watch = ::inotify_add_watch(inotify_.fd_.get(), path.c_str(), mask | IN_MASK_ADD);
    if (watch < 0) return watch_error(path, errno);
    if (watches_.insert(watch).second) inotify_.users_[watch].push_back(this);
    return watch;
}

void Inotify::Client::remove(int watch) {
    if (watches_.erase(watch) > 0) inotify_.drop(*this, watch);
}

void Inotify::drop(Client& client, int watch) {
    const auto users = users_.find(watch);
    if (users == users_.end()) return;
    std::erase(users->second, &client);
    if (!users->second.empty()) return;
    users_.erase(users);
    ::inotify_rm_watch(fd_.get(), watch);
}

void Inotify::read_notices() {
    for (int i = 0; i < kReadsAtMost; ++i)
        if (!read_some()) return;
    // What is left makes the descriptor readable again.
}

// False: there is nothing more.
bool Inotify::read_some() {
    alignas(inotify_event) char buffer[kBuffer];
    const auto now = file_clock_now();
    const ssize_t count = ::read(fd_.get(), buffer, sizeof buffer);
    if (count <= 0) {
        empty_at_ = now;
        return false;
    }
    for (ssize_t at = 0; at < count;) {
        inotify_event event;
        std::memcpy(&event, buffer + at, sizeof event);
        const char* name = buffer + at + sizeof event;  // padded with zeros
        tell({.watch = event.wd,
              .mask = event.mask,
              .name = {name, ::strnlen(name, event.len)},
              .known_until = empty_at_});
        at += static_cast<ssize_t>(sizeof event + event.len);
    }
    return true;
}

void Inotify::tell(const FileNotice& notice) {
    if (notice.mask & IN_Q_OVERFLOW) {
        for (Client* client : clients_) client->on_notice_(notice);
        return;
    }
    const auto users = users_.find(notice.watch);
    if (users == users_.end()) return;          // dropped while the notice was on its way
    std::vector<Client*> told = users->second;  // what they do may change the list
    if (notice.mask & IN_IGNORED) {
        users_.erase(users);
        for (Client* client : told) client->watches_.erase(notice.watch);
    }
    for (Client* client : told) client->on_notice_(notice);
}

Error watch_error(const std::string& path, int error_number) {
    if (error_number != ENOSPC) return os_error("watch", path, error_number);
    return {ErrorCode::Unavailable,
            fmt::format(
                "cannot watch '{}': too many inotify watches, raise the sysctl fs.inotify.max_user_watches",
                path)};
}

}  // namespace kpm::io

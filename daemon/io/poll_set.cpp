#include "daemon/io/poll_set.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

namespace kpm::io {
namespace {

constexpr std::size_t kEventsPerTurn = 128;

std::uint32_t to_epoll(int events) {
    std::uint32_t bits = 0;
    if ((events & UV_READABLE) != 0) bits |= EPOLLIN;
    if ((events & UV_WRITABLE) != 0) bits |= EPOLLOUT;
    if ((events & UV_DISCONNECT) != 0) bits |= EPOLLRDHUP;
    return bits;
}

int from_epoll(std::uint32_t bits) {
    return ((bits & EPOLLIN) != 0 ? UV_READABLE : 0) | ((bits & EPOLLOUT) != 0 ? UV_WRITABLE : 0) |
           ((bits & EPOLLRDHUP) != 0 ? UV_DISCONNECT : 0);
}

}  // namespace

Result<std::unique_ptr<PollSet>> PollSet::open(uv_loop_t* loop) {
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return os_error("create", "epoll", errno);
    std::unique_ptr<PollSet> set(new PollSet(std::move(epoll)));
    auto box = std::make_unique<Box>();
    if (const int status = uv_poll_init(loop, &box->handle, set->epoll_.get()); status != 0)
        return os_error("poll", "epoll", -status);
    set->poll_ = own(std::move(box));
    set->poll_->handle.data = set.get();
    return set;
}

Result<PollSet::Owned> PollSet::add(int fd, std::function<void(int events)> on_ready) {
    int on = 1;
    if (::ioctl(fd, FIONBIO, &on) != 0) return os_error("poll", fmt::format("descriptor {}", fd), errno);
    if (members_.size() <= static_cast<std::size_t>(fd)) members_.resize(static_cast<std::size_t>(fd) + 1);
    Member*& place = members_[static_cast<std::size_t>(fd)];
    if (place != nullptr) return os_error("poll", fmt::format("descriptor {}", fd), EEXIST);
    place = new Member{*this, fd, std::move(on_ready)};
    ++size_;
    return Owned(place);
}

Result<void> PollSet::watch(Member& member, int events) {
    if (events == member.events) return {};
    epoll_event wanted{};
    wanted.events = to_epoll(events);
    wanted.data.fd = member.fd;
    const int operation = events == 0 ? EPOLL_CTL_DEL : member.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (::epoll_ctl(epoll_.get(), operation, member.fd, &wanted) != 0 && events != 0)
        return os_error("poll", fmt::format("descriptor {}", member.fd), errno);
    const int before = std::exchange(member.events, events);
    if ((before == 0) != (events == 0)) set_waiting(events != 0 ? waiting_ + 1 : waiting_ - 1);
    return {};
}

void PollSet::remove(Member* member) {
    (void)watch(*member, 0);  // cannot fail
    members_[static_cast<std::size_t>(member->fd)] = nullptr;
    --size_;
    std::unique_ptr<Member> gone(member);
    if (is_dispatching_) removed_.push_back(std::move(gone));
}

void PollSet::set_waiting(std::size_t count) {
    const std::size_t before = std::exchange(waiting_, count);
    if (count == 0)
        uv_poll_stop(&poll_->handle);
    else if (before == 0)
        uv_poll_start(&poll_->handle, UV_READABLE, [](uv_poll_t* handle, int, int) noexcept {
            static_cast<PollSet*>(handle->data)->dispatch();
        });
}

// Level-triggered, as the loop's own: what does not fit comes in the next turn.
void PollSet::dispatch() {
    std::array<epoll_event, kEventsPerTurn> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    is_dispatching_ = true;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
        // Looked up anew: a callback before may have ended it.
        Member* const member = members_[static_cast<std::size_t>(event.data.fd)];
        if (member != nullptr && member->events != 0) tell(*member, event.events);
    }
    is_dispatching_ = false;
    removed_.clear();
}

// As libuv tells of it: with an error it waits no more, and a hang-up alone is all that it waits for.
void PollSet::tell(Member& member, std::uint32_t bits) {
    if ((bits & EPOLLERR) != 0) {
        (void)watch(member, 0);  // cannot fail
        return member.on_ready(UV_READABLE | UV_WRITABLE);
    }
    const std::uint32_t waited_for = to_epoll(member.events);
    const std::uint32_t told = (bits & ~EPOLLHUP) == 0 ? waited_for : bits & waited_for;
    if (told != 0) member.on_ready(from_epoll(told));
}

}  // namespace kpm::io

#include "daemon/io/poll_fd.h"

#include <utility>

namespace kpm::io {

Result<PollFd> PollFd::open(Loop& loop, int fd, int events, std::function<void(int events)> on_ready) {
    auto member = loop.poll_set().add(fd, std::move(on_ready));
    if (!member) return member.error();
    if (const auto watched = loop.poll_set().watch(**member, events); !watched) return watched.error();
    return PollFd(*std::move(member));
}

void PollFd::watch(int events) {
    // Fails for want of memory; then nothing is told, as of a descriptor on which nothing happens.
    (void)member_->set.watch(*member_, events);
}

}  // namespace kpm::io

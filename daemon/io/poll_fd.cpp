#include "daemon/io/poll_fd.h"

#include <cstdio>
#include <utility>

namespace kpm::io {

Result<PollFd> PollFd::open(Loop& loop, int fd, int events, std::function<void(int events)> on_ready) {
    auto member = loop.poll_set().add(fd, std::move(on_ready));
    if (!member) return member.error();
    if (const auto watched = loop.poll_set().watch(**member, events); !watched) return watched.error();
    return PollFd(*std::move(member));
}

void PollFd::watch(int events) {
    // Fails for want of memory, or at the kernel's limit of what a user may watch; the next call tries again.
    // kpmd's stderr is its log, and this any of its threads.
    if (const auto watched = member_->set.watch(*member_, events); !watched)
        std::fprintf(stderr, "%s\n", watched.error().message.c_str());
}

}  // namespace kpm::io

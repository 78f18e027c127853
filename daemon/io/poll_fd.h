#pragma once
// Readiness of a descriptor that libuv does not own (the keeper's socket, pidfds, channels, listeners).

#include <functional>

#include "daemon/io/loop.h"
#include "daemon/io/poll_set.h"
#include "ipc/base/result.h"

namespace kpm::io {

// `fd` is borrowed and made non-blocking; it must stay open until the PollFd is gone (declare its UniqueFd
// before the PollFd). One PollFd a descriptor. Level-triggered: what is not read comes again. May end in its
// own callback.
class PollFd {
public:
    // `events` is a set of UV_READABLE, UV_WRITABLE, UV_DISCONNECT. The callback gets those that hold; a
    // failed poll comes as UV_READABLE | UV_WRITABLE, so that the read that follows finds the error.
    static Result<PollFd> open(Loop& loop, int fd, int events, std::function<void(int events)> on_ready);

    void watch(int events);  // replaces the set; 0 pauses

private:
    explicit PollFd(PollSet::Owned member) : member_(std::move(member)) {}

    PollSet::Owned member_;
};

}  // namespace kpm::io

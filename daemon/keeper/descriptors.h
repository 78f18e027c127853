#pragma once
// Numbers of descriptors. A process starts with a copy of its parent's table up to the highest number that it
// inherits (launch.cpp): what the keeper keeps goes above what comes with a message, so that a start copies a
// handful however much is kept.

#include <fcntl.h>

#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

// Those below come and go: the few of the keeper itself, and what comes with the launches under way, each
// app's handful. As many as the kernel has in a table without memory of its own (include/linux/fdtable.h,
// NR_OPEN_DEFAULT); where a launch has more, it copies more.
inline constexpr int kFirstKept = 64;

// Above what comes and goes, if the limit of descriptors lets it.
inline UniqueFd keep(UniqueFd fd) {
    if (fd.get() < 0 || fd.get() >= kFirstKept) return fd;
    UniqueFd kept{::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstKept)};
    return kept ? std::move(kept) : std::move(fd);
}

}  // namespace kpm::keeper

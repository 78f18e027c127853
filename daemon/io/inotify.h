#pragma once
// The kernel's notices of changes in files and directories, on a loop. Knows numbers of watches, not what
// they are for.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct FileNotice {
    int watch = -1;  // -1 when the kernel's queue overflowed
    std::uint32_t mask = 0;
    std::string_view name;  // of the entry; empty when it is about the watched thing itself
};

class Inotify {
public:
    // The callback must not end the Inotify.
    static Result<std::unique_ptr<Inotify>> open(Loop& loop,
                                                 std::function<void(const FileNotice&)> on_notice);

    // The number of the watch; the one that there is when the same inode is watched already.
    Result<int> add(const std::string& path, std::uint32_t mask);
    void remove(int watch);  // no-op when the kernel has removed it

private:
    Inotify(UniqueFd fd, std::function<void(const FileNotice&)> on_notice)
        : fd_(std::move(fd)), on_notice_(std::move(on_notice)) {}
    void read_notices();

    UniqueFd fd_;
    std::optional<PollFd> readable_;
    std::function<void(const FileNotice&)> on_notice_;
};

// What errno says of a failed watch, with the name of the sysctl where a limit was reached.
Error watch_error(const std::string& path, int error_number);

}  // namespace kpm::io

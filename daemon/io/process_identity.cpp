#include "daemon/io/process_identity.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include "daemon/io/pidfd.h"
#include "daemon/io/process_scan.h"

namespace kpm::io {
namespace {

constexpr auto kPidfs = 0x50494446;  // linux/magic.h, PID_FS_MAGIC, which Debian 12's headers do not have

bool is_on_pidfs(int pidfd) {
    struct statfs system {};
    return ::fstatfs(pidfd, &system) == 0 && system.f_type == kPidfs;
}

// 0: it tells nothing.
std::uint64_t inode_of(int pidfd) {
    static const bool has_pidfs = is_on_pidfs(pidfd);
    struct stat status {};
    return has_pidfs && ::fstat(pidfd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

ProcessIdentity ProcessIdentity::of(pid_t pid, int pidfd) {
    ProcessIdentity identity;
    identity.inode_ = pidfd < 0 ? 0 : inode_of(pidfd);
    if (identity.inode_ == 0) return by_start_time(pid, pidfd);
    identity.pid_ = pid;
    return identity;
}

ProcessIdentity ProcessIdentity::by_start_time(pid_t pid, int pidfd) {
    ProcessIdentity identity;
    identity.start_ = read_start(pid, pidfd);
    if (identity.start_) identity.pid_ = pid;
    return identity;
}

UniqueFd ProcessIdentity::open() const {
    if (pid_ == 0) return {};
    UniqueFd pidfd = open_pidfd(pid_);
    if (!pidfd || has_ended(pidfd.get())) return {};
    // Asked after the opening, so that it is about the same process.
    const bool is_it =
        inode_ != 0 ? inode_of(pidfd.get()) == inode_ : read_start(pid_, pidfd.get()) == start_;
    return is_it ? std::move(pidfd) : UniqueFd();
}

std::optional<std::uint64_t> ProcessIdentity::start_ticks() const {
    if (start_) return start_;
    const UniqueFd pidfd = open();
    return pidfd ? read_start(pid_, pidfd.get()) : std::nullopt;
}

}  // namespace kpm::io

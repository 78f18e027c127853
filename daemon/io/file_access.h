#pragma once
// For as long as it lives, this thread reaches files as another user would (setfsuid(2), setfsgid(2),
// setgroups(2)): what
// an app asks kpmd to do with a path must not do more than the app may by itself. Only this thread's access
// to files changes; the privileges behind ports stay. No-op for one's own identity, and without root.

#include <sys/types.h>

#include <optional>
#include <vector>

#include "daemon/io/user_lookup.h"

namespace kpm::io {

class FileAccess {
public:
    // nullopt: as this process is.
    explicit FileAccess(const std::optional<Identity>& identity);
    ~FileAccess();
    FileAccess(const FileAccess&) = delete;
    FileAccess& operator=(const FileAccess&) = delete;

private:
    bool is_changed_ = false;
    uid_t uid_ = 0;  // as it was
    gid_t gid_ = 0;
    std::vector<gid_t> groups_;
};

}  // namespace kpm::io

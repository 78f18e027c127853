#include "daemon/io/file_access.h"

#include <sys/fsuid.h>
#include <unistd.h>

namespace kpm::io {

// The group first: without root's identity it could not be changed any more.
FileAccess::FileAccess(const std::optional<Identity>& identity) {
    if (!identity || is_own_identity(*identity) || ::geteuid() != 0) return;
    is_changed_ = true;
    gid_ = static_cast<gid_t>(::setfsgid(identity->gid));
    uid_ = static_cast<uid_t>(::setfsuid(identity->uid));
}

FileAccess::~FileAccess() {
    if (!is_changed_) return;
    ::setfsuid(uid_);
    ::setfsgid(gid_);
}

}  // namespace kpm::io

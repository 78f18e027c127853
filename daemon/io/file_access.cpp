#include "daemon/io/file_access.h"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace kpm::io {
namespace {

std::vector<gid_t> own_groups() {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    return groups;
}

// glibc's setgroups() is for all threads.
void set_groups_of_thread(const std::vector<gid_t>& groups) {
    ::syscall(SYS_setgroups, groups.size(), groups.data());
}

}  // namespace

// The groups first: without root's identity they could not be changed any more.
FileAccess::FileAccess(const std::optional<Identity>& identity) {
    if (!identity || is_own_identity(*identity) || ::geteuid() != 0) return;
    is_changed_ = true;
    groups_ = own_groups();
    set_groups_of_thread(identity->groups);
    gid_ = static_cast<gid_t>(::setfsgid(identity->gid));
    uid_ = static_cast<uid_t>(::setfsuid(identity->uid));
}

FileAccess::~FileAccess() {
    if (!is_changed_) return;
    ::setfsuid(uid_);
    ::setfsgid(gid_);
    set_groups_of_thread(groups_);
}

}  // namespace kpm::io

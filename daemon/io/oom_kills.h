#pragma once
// What the kernel counts of its OOM killer's work: `oom_kill` of the daemon's own control group
// (memory.events of cgroup v2, which has what lies below the group, too; memory.oom_control of v1, which has
// not), else the whole machine's (/proc/vmstat, Linux 4.13). Apps are in the daemon's group unless somebody
// moves them.

#include <string>

#include "daemon/core/host.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class OomKillCounter {
public:
    // Where these are; others in tests. One file stays open, which each start of an app reads.
    explicit OomKillCounter(const std::string& proc = "/proc", const std::string& mount = "/sys/fs/cgroup");

    core::OomKills read() const;

private:
    UniqueFd file_;  // empty: nothing counts
    std::string where_;
};

}  // namespace kpm::io

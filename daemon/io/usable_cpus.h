#pragma once
// How many CPUs the daemon and its apps may use: what `instances: max` means.

#include <string>

namespace kpm::io {

// The machine's, less what the affinity mask takes away (taskset, cpusets), less what the quota of a control
// group does: its own and those of the groups that it is in, as far as a container shows them.
unsigned usable_cpus(const std::string& proc_cgroup = "/proc/self/cgroup",
                     const std::string& mount = "/sys/fs/cgroup");

}  // namespace kpm::io

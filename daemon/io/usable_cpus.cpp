#include "daemon/io/usable_cpus.h"

#include <sched.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "daemon/core/cpu_quota.h"
#include "daemon/io/small_file.h"

namespace kpm::io {
namespace {

std::optional<double> quota_in(const std::string& folder, bool is_unified) {
    if (is_unified) return core::quota_of_cpu_max(read_small_file(folder + "/cpu.max"));
    return core::quota_of_cfs(read_small_file(folder + "/cpu.cfs_quota_us"),
                              read_small_file(folder + "/cpu.cfs_period_us"));
}

std::optional<double> least(std::optional<double> one, std::optional<double> other) {
    if (!one || !other) return one ? one : other;
    return std::min(*one, *other);
}

// A group is limited by all that it lies in. Without a cgroup namespace the path is the host's, and what the
// container has mounted begins at the group itself: then only the root is there to be read.
std::optional<double> quota_at(const std::string& root, const core::ControlGroup& group) {
    std::optional<double> quota;
    for (std::string path = group.path; !path.empty() && path != "/"; path.resize(path.rfind('/')))
        quota = least(quota, quota_in(root + path, group.is_unified));
    return least(quota, quota_in(root, group.is_unified));
}

unsigned cpus_by_affinity() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
    return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

unsigned usable_cpus(const std::string& proc_cgroup, const std::string& mount) {
    const auto group = core::control_group(read_small_file(proc_cgroup), "cpu");
    if (!group || (!group->path.empty() && group->path[0] != '/')) return cpus_by_affinity();
    std::optional<double> quota;
    if (group->is_unified) {
        quota = quota_at(mount, *group);
    } else {
        for (const char* name : {"/cpu", "/cpu,cpuacct", "/cpuacct,cpu"})
            quota = least(quota, quota_at(mount + name, *group));
    }
    return core::cpus_within(cpus_by_affinity(), quota);
}

}  // namespace kpm::io

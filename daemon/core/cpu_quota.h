#pragma once
// How much processor time a control group may have, as Linux writes it. Pure; io/usable_cpus.h reads the
// files.

#include <optional>
#include <string>
#include <string_view>

namespace kpm::core {

// The group that a process is in, by /proc/PID/cgroup: its path below the mount of the hierarchy that has the
// controller ("cpu", "memory").
struct ControlGroup {
    bool is_unified = true;  // cgroup v2; else v1's hierarchy of the controller
    std::string path;        // "/", "/docker/0f3a…"
    bool operator==(const ControlGroup&) const = default;
};
// v1's when there is one, for where that is mounted, the unified hierarchy limits nothing.
std::optional<ControlGroup> control_group(std::string_view proc_cgroup, std::string_view controller);

// CPUs, as a number that need not be whole; nullopt: no limit, or nothing that can be read.
std::optional<double> quota_of_cpu_max(std::string_view text);  // "150000 100000", "max 100000"
std::optional<double> quota_of_cfs(std::string_view quota_us, std::string_view period_us);  // -1: none

// What `instances: max` is to mean: a part of a CPU counts as one, as it would otherwise lie idle.
unsigned cpus_within(unsigned cpus, std::optional<double> quota);

}  // namespace kpm::core

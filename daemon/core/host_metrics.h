#pragma once
// The machine's own figures, as PM2's getSystemData has them: CPU, memory, network, disks, file systems. Out
// of the texts of /proc (proc(5)); pure, io reads the files and the clock. What a text does not hold is left
// out.
//
// Rates lie between two samples. CPU is that of all cores together, 100 = all are busy; transfers are in MiB
// per second, errors of an interface per minute; a file system's use is that of what is not reserved for
// root, as df says it.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/json.h"

namespace kpm::core {

struct CpuTimes {
    std::uint64_t busy = 0, idle = 0;  // ticks of all cores
};

struct MemoryState {
    std::uint64_t total = 0, available = 0;  // bytes
};

struct InterfaceCounters {
    std::uint64_t received = 0, sent = 0;  // bytes
    std::uint64_t receive_errors = 0, send_errors = 0;
    std::uint64_t receive_drops = 0, send_drops = 0;  // packets
};

struct DiskCounters {
    std::uint64_t read = 0, written = 0;  // bytes
};

struct FileSystemState {
    std::string mount;
    std::uint64_t size = 0, used = 0, available = 0;  // bytes; available to those who are not root
};

struct Mount {
    std::string device, path;

    bool operator==(const Mount&) const = default;
};

std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat);
std::optional<MemoryState> parse_memory(std::string_view proc_meminfo);
// By interface.
std::map<std::string, InterfaceCounters> parse_interfaces(std::string_view proc_net_dev);
// Of all disks, without what is made of disks or of memory, and without partitions, whose disks count.
std::optional<DiskCounters> parse_disks(std::string_view proc_diskstats);
// Those with a device behind them, each device once, and the root.
std::vector<Mount> parse_mounts(std::string_view proc_mounts);

struct HostSample {
    std::chrono::steady_clock::time_point at;
    std::optional<CpuTimes> cpu;
    std::optional<MemoryState> memory;
    std::map<std::string, InterfaceCounters> interfaces;
    std::optional<DiskCounters> disks;
    std::vector<FileSystemState> file_systems;
    std::optional<double> temperature;  // degrees Celsius
};

// PM2's map of metrics by name.
Json system_data(const HostSample& before, const HostSample& now);

}  // namespace kpm::core

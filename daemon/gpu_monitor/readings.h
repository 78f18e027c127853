#pragma once
// What NVML tells of a machine at one time. Members are empty where it does not tell.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kpm::gpu_monitor {

struct ProcessReadings {
    unsigned pid = 0;                     // as the host counts
    std::optional<std::uint64_t> memory;  // bytes of the GPU's own
    std::optional<unsigned> percent;      // of the busiest of the GPU's engines
};

struct GpuReadings {
    std::string pci, uuid;  // as NVML writes them
    std::optional<std::uint64_t> memory_total, memory_used;
    std::optional<unsigned> percent;      // of the time in which something ran on it
    std::optional<unsigned> temperature;  // degrees Celsius
    std::optional<unsigned> power;        // milliwatts
    std::optional<bool> mig;              // whether it is cut into slices
    std::vector<ProcessReadings> processes;
};

}  // namespace kpm::gpu_monitor

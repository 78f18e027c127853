#pragma once
// What kpm-gpu-monitor answers (daemon/gpu_monitor/readings_line.h), once for all of NVIDIA's GPUs: what they
// do and what each process uses of them. Pure; io/gpu_monitor.h runs the program. What a driver says is taken
// for what it is only after a check: a figure that cannot be is none.

#include <map>
#include <string>
#include <string_view>

#include "daemon/core/gpu_device.h"
#include "daemon/core/host.h"

namespace kpm::core {

struct GpuFigures {
    GpuReadings readings;
    std::map<int, GpuUsage> processes;  // by pid

    bool operator==(const GpuFigures&) const = default;
};
using GpuFiguresByPci = std::map<std::string, GpuFigures, std::less<>>;

// Unavailable: the program says why there is nothing. Invalid: that is no answer of it.
Result<GpuFiguresByPci> parse_gpu_monitor_line(std::string_view line);

// `first`, and what it leaves open from `second`.
GpuUsage put_together(const GpuUsage& first, const GpuUsage& second);

}  // namespace kpm::core

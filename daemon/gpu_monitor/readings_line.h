#pragma once
// The answers of kpm-gpu-monitor, each one line of JSON; daemon/core/gpu_monitor_line.h reads them:
//   {"gpus":[{"pci":"00000000:41:00.0","uuid":"GPU-5e2b…","memory_total":85520809984,"memory_used":…,
//     "percent":12,"temperature":45,"power_mw":120000,"mig":false,
//     "processes":[{"pid":4711,"memory":1234,"percent":7}]}]}
//   {"error":"cannot load 'libnvidia-ml.so.1': …"}
// Figures may be null. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/gpu_monitor/readings.h"

namespace kpm::gpu_monitor {

std::string readings_line(const std::vector<GpuReadings>& gpus);
std::string error_line(std::string_view error);

}  // namespace kpm::gpu_monitor

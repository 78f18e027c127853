#pragma once
// The GPUs of the machine out of /sys/class/drm and /proc/driver/nvidia, by reading some small files each: no
// library of a vendor is loaded, which NVML or EGL would do.

#include <string>

#include "daemon/core/gpu_device.h"

namespace kpm::io {

// `root`: the directory in which sys, proc, usr and etc lie. What is not there, or is nonsense, is left out;
// the files that are named in the result are named without `root`.
core::GpuInventory scan_gpus(const std::string& root = "/");
core::GpuInventory scan_machine_gpus();  // with gpu_root()
// What the variable KPM_GPU_ROOT says, for tests; else "/".
std::string gpu_root();
// NVIDIA's own driver is loaded; below gpu_root().
bool has_nvidia_driver();

}  // namespace kpm::io

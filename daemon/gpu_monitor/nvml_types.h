#pragma once
// What kpm uses of NVIDIA's management library: names, values and layouts of the NVML API Reference
// (docs.nvidia.com/deploy/nvml-api, nvml.h), which NVIDIA keeps as they are. Written down here so that
// neither a header nor a library of NVIDIA's is needed to build kpm.

#include <cstddef>

namespace kpm::gpu_monitor {

using NvmlDevice = struct NvmlDeviceHandle*;
using NvmlReturn = int;  // nvmlReturn_t
inline constexpr NvmlReturn kNvmlSuccess = 0;
inline constexpr NvmlReturn kNvmlNotFound = 6;
inline constexpr NvmlReturn kNvmlInsufficientSize = 7;

inline constexpr unsigned long long kNvmlUnknownMemory = ~0ULL;  // NVML_VALUE_NOT_AVAILABLE
inline constexpr int kNvmlTemperatureOfGpu = 0;                  // NVML_TEMPERATURE_GPU
inline constexpr unsigned kNvmlLongestUuid = 96;                 // NVML_DEVICE_UUID_V2_BUFFER_SIZE
inline constexpr unsigned kNvmlMigEnabled = 1;                   // NVML_DEVICE_MIG_ENABLE

struct NvmlPciInfo {  // nvmlPciInfo_t of nvmlDeviceGetPciInfo_v3
    char bus_id_legacy[16];
    unsigned domain, bus, device;
    unsigned device_id, subsystem_id;
    char bus_id[32];  // "00000000:41:00.0"
};

struct NvmlMemory {  // nvmlMemory_t
    unsigned long long total, free, used;
};

struct NvmlUtilization {  // nvmlUtilization_t
    unsigned gpu, memory;
};

// nvmlProcessInfo_v1_t, of nvmlDeviceGet…RunningProcesses. Those of _v2 and _v3 begin with it.
struct NvmlProcess {
    unsigned pid;
    unsigned long long used_memory;
};
inline constexpr std::size_t kNvmlProcessSize = 16;    // v1
inline constexpr std::size_t kNvmlProcessSizeV2 = 24;  // v2 and v3: gpuInstanceId, computeInstanceId

struct NvmlProcessSample {  // nvmlProcessUtilizationSample_t
    unsigned pid;
    unsigned long long timestamp;  // microseconds
    unsigned sm, memory, encoder, decoder;
};

static_assert(sizeof(NvmlPciInfo) == 68 && sizeof(NvmlProcess) == kNvmlProcessSize &&
              sizeof(NvmlProcessSample) == 32);

}  // namespace kpm::gpu_monitor

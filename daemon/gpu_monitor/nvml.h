#pragma once
// NVIDIA's management library, loaded at run time: it makes no context on a GPU, and needs none. Any call may
// hang while a GPU does.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "daemon/gpu_monitor/nvml_types.h"
#include "daemon/gpu_monitor/readings.h"
#include "ipc/base/result.h"

namespace kpm::gpu_monitor {

class Nvml {
public:
    // Loads libnvidia-ml.so.1, wherever the system's loader finds it, and initialises it, for the life of the
    // process. Unavailable: there is none, it lacks what is needed, or its driver does not run.
    static Result<Nvml> open();

    // All GPUs that answer. Unavailable: the library itself does not.
    Result<std::vector<GpuReadings>> read();

private:
    template <class... Arguments>
    using Function = NvmlReturn (*)(Arguments...);
    using ListProcesses = Function<NvmlDevice, unsigned*, void*>;

    struct ProcessLists {
        ListProcesses graphics = nullptr, compute = nullptr;
        std::size_t size = 0;  // of an entry
    };

    Error failure(const char* what, NvmlReturn reason) const;
    Result<void> find_functions(void* library);
    GpuReadings read_gpu(NvmlDevice device, const NvmlPciInfo& pci);
    void read_processes(NvmlDevice device, GpuReadings& gpu) const;
    void read_process_use(NvmlDevice device, GpuReadings& gpu);

    Function<> init_ = nullptr;
    const char* (*error_string_)(NvmlReturn) = nullptr;
    Function<unsigned*> count_ = nullptr;
    Function<unsigned, NvmlDevice*> handle_ = nullptr;
    Function<NvmlDevice, NvmlPciInfo*> pci_ = nullptr;
    // Null: an old driver has none.
    Function<NvmlDevice, char*, unsigned> uuid_ = nullptr;
    Function<NvmlDevice, NvmlMemory*> memory_ = nullptr;
    Function<NvmlDevice, NvmlUtilization*> utilization_ = nullptr;
    Function<NvmlDevice, int, unsigned*> temperature_ = nullptr;
    Function<NvmlDevice, unsigned*> power_ = nullptr;
    Function<NvmlDevice, unsigned*, unsigned*> mig_ = nullptr;
    Function<NvmlDevice, NvmlProcessSample*, unsigned*, unsigned long long> process_use_ = nullptr;
    ProcessLists processes_;
    std::map<std::string, unsigned long long> last_seen_;  // of samples, by PCI address
};

}  // namespace kpm::gpu_monitor

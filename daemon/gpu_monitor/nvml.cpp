#include "daemon/gpu_monitor/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace kpm::gpu_monitor {
namespace {

constexpr const char* kLibrary = "libnvidia-ml.so.1";
constexpr unsigned kMostGpus = 64;
constexpr unsigned kMostProcesses = 1024;  // of one GPU
constexpr unsigned kSomeProcesses = 32;    // room for the first question
constexpr int kMostTries = 5;              // new processes may come as fast as the room is made

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
}

// A driver's text in a buffer that it may have filled.
template <std::size_t kSize>
std::string text_in(const char (&buffer)[kSize]) {
    return {buffer, ::strnlen(buffer, kSize)};
}

// Asks with room for some, and with more while that is too little. nullopt: it does not answer.
template <class Ask>
std::optional<std::vector<char>> list_of(std::size_t entry, const Ask& ask) {
    unsigned room = kSomeProcesses;
    for (int tries = 0; tries < kMostTries; ++tries) {
        // Twice as large: some drivers' entries were longer than the header says.
        std::vector<char> buffer(room * entry * 2);
        unsigned count = room;
        const NvmlReturn result = ask(buffer.data(), &count);
        if (result == kNvmlSuccess) {
            buffer.resize(std::min(count, room) * entry);
            return buffer;
        }
        if (result != kNvmlInsufficientSize || room == kMostProcesses) return std::nullopt;
        room = std::min(std::max(count, room * 2), kMostProcesses);
    }
    return std::nullopt;
}

}  // namespace

Error Nvml::failure(const char* what, NvmlReturn reason) const {
    const char* text = error_string_ ? error_string_(reason) : nullptr;
    return {ErrorCode::Unavailable,
            fmt::format("cannot {}: {}", what, text ? text : fmt::format("NVML error {}", reason))};
}

Result<void> Nvml::find_functions(void* library) {
    find(library, "nvmlErrorString", error_string_);
    find(library, "nvmlInit_v2", init_);
    find(library, "nvmlDeviceGetCount_v2", count_);
    find(library, "nvmlDeviceGetHandleByIndex_v2", handle_);
    find(library, "nvmlDeviceGetPciInfo_v3", pci_);
    if (!init_ || !count_ || !handle_ || !pci_)
        return Error{ErrorCode::Unavailable,
                     fmt::format("cannot use '{}': it is too old, or another library", kLibrary)};
    find(library, "nvmlDeviceGetUUID", uuid_);
    find(library, "nvmlDeviceGetMemoryInfo", memory_);
    find(library, "nvmlDeviceGetUtilizationRates", utilization_);
    find(library, "nvmlDeviceGetTemperature", temperature_);
    find(library, "nvmlDeviceGetPowerUsage", power_);
    find(library, "nvmlDeviceGetMigMode", mig_);
    find(library, "nvmlDeviceGetProcessUtilization", process_use_);
    // A worker's OpenGL context stands among the graphics processes; the others are CUDA's.
    for (const auto& [version, size] :
         {std::pair("_v3", kNvmlProcessSizeV2), std::pair("_v2", kNvmlProcessSizeV2),
          std::pair("", kNvmlProcessSize)}) {
        find(library, fmt::format("nvmlDeviceGetGraphicsRunningProcesses{}", version).c_str(),
             processes_.graphics);
        find(library, fmt::format("nvmlDeviceGetComputeRunningProcesses{}", version).c_str(),
             processes_.compute);
        processes_.size = size;
        if (processes_.graphics && processes_.compute) break;
    }
    return {};
}

Result<Nvml> Nvml::open() {
    void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return Error{ErrorCode::Unavailable, fmt::format("cannot load '{}': {}", kLibrary, ::dlerror())};
    Nvml nvml;
    if (const auto found = nvml.find_functions(library); !found) return found.error();
    if (const NvmlReturn result = nvml.init_(); result != kNvmlSuccess)
        return nvml.failure("initialise NVML", result);
    return nvml;
}

Result<std::vector<GpuReadings>> Nvml::read() {
    unsigned count = 0;
    if (const NvmlReturn result = count_(&count); result != kNvmlSuccess)
        return failure("count GPUs", result);
    std::vector<GpuReadings> gpus;
    for (unsigned i = 0; i < std::min(count, kMostGpus); ++i) {
        NvmlDevice device = nullptr;
        NvmlPciInfo pci{};
        // A GPU that is lost, or that this user may not use, is no reason to leave out the others.
        if (handle_(i, &device) != kNvmlSuccess || pci_(device, &pci) != kNvmlSuccess) continue;
        gpus.push_back(read_gpu(device, pci));
    }
    return gpus;
}

GpuReadings Nvml::read_gpu(NvmlDevice device, const NvmlPciInfo& pci) {
    GpuReadings gpu;
    gpu.pci = text_in(pci.bus_id);
    char uuid[kNvmlLongestUuid] = {};
    if (uuid_ && uuid_(device, uuid, sizeof uuid) == kNvmlSuccess) gpu.uuid = text_in(uuid);
    NvmlMemory memory{};
    if (memory_ && memory_(device, &memory) == kNvmlSuccess) {
        gpu.memory_total = memory.total;
        gpu.memory_used = memory.used;
    }
    NvmlUtilization use{};
    if (utilization_ && utilization_(device, &use) == kNvmlSuccess) gpu.percent = use.gpu;
    unsigned value = 0, pending = 0;
    if (temperature_ && temperature_(device, kNvmlTemperatureOfGpu, &value) == kNvmlSuccess)
        gpu.temperature = value;
    if (power_ && power_(device, &value) == kNvmlSuccess) gpu.power = value;
    if (mig_ && mig_(device, &value, &pending) == kNvmlSuccess) gpu.mig = value == kNvmlMigEnabled;
    read_processes(device, gpu);
    read_process_use(device, gpu);
    return gpu;
}

void Nvml::read_processes(NvmlDevice device, GpuReadings& gpu) const {
    for (const ListProcesses list : {processes_.graphics, processes_.compute}) {
        if (!list) continue;
        const auto entries = list_of(
            processes_.size, [&](char* buffer, unsigned* count) { return list(device, count, buffer); });
        if (!entries) continue;
        for (std::size_t at = 0; at < entries->size(); at += processes_.size) {
            NvmlProcess process{};
            std::memcpy(&process, entries->data() + at, sizeof process);
            // One that has both kinds of context stands in both lists, with all its memory.
            auto known = std::ranges::find(gpu.processes, process.pid, &ProcessReadings::pid);
            if (known == gpu.processes.end()) known = gpu.processes.insert(known, {.pid = process.pid});
            if (process.used_memory != kNvmlUnknownMemory)
                known->memory = std::max<std::uint64_t>(known->memory.value_or(0), process.used_memory);
        }
    }
}

// The driver's samples are not to be taken at their word: some are older than what was asked for, of
// processes that are gone, or above 100 %.
void Nvml::read_process_use(NvmlDevice device, GpuReadings& gpu) {
    if (!process_use_ || gpu.mig == true) return;  // of slices it is not told, and that is not 0
    unsigned long long& last_seen = last_seen_[gpu.pci];
    bool is_idle = false;
    const auto entries = list_of(sizeof(NvmlProcessSample), [&](char* buffer, unsigned* count) {
        const NvmlReturn result =
            process_use_(device, reinterpret_cast<NvmlProcessSample*>(buffer), count, last_seen);
        is_idle = result == kNvmlNotFound;  // there are no samples since then: nothing has run
        return result;
    });
    if (!entries && !is_idle) return;
    for (ProcessReadings& process : gpu.processes) process.percent = 0;
    if (is_idle) return;
    std::map<unsigned, NvmlProcessSample> newest;
    for (std::size_t at = 0; at < entries->size(); at += sizeof(NvmlProcessSample)) {
        NvmlProcessSample sample{};
        std::memcpy(&sample, entries->data() + at, sizeof sample);
        if (sample.timestamp <= last_seen || std::max({sample.sm, sample.encoder, sample.decoder}) > 100)
            continue;
        NvmlProcessSample& known = newest[sample.pid];
        if (sample.timestamp > known.timestamp) known = sample;
    }
    for (const auto& [pid, sample] : newest) {
        last_seen = std::max(last_seen, sample.timestamp);
        const auto process = std::ranges::find(gpu.processes, pid, &ProcessReadings::pid);
        if (process != gpu.processes.end())
            process->percent = std::max({sample.sm, sample.encoder, sample.decoder});
    }
}

}  // namespace kpm::gpu_monitor

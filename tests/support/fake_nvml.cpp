// A libnvidia-ml.so.1 (LD_LIBRARY_PATH) of a machine with two GPUs, those of GpuTree::add_four(). Its words
// stand in the file that FAKE_NVML names, which is read at each nvmlInit_v2 and nvmlDeviceGetCount_v2:
//   worker N   process N uses the second GPU, by OpenGL
//   refuse     nvmlInit_v2 fails
//   hang       nvmlDeviceGetCount_v2 does not come back; before that a file with ".hangs" at its name's end
//   is made crash      it ends the process small      lists are longer than what is asked for at first mig
//   the first GPU is cut into slices lost       the first GPU has fallen off the bus
// Compiled with FAKE_NVML_OLD it is an old one, with lists of an earlier version and without much; with
// FAKE_NVML_FOREIGN it lacks what is needed.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "daemon/gpu_monitor/nvml_types.h"

using namespace kpm::gpu_monitor;

namespace {

constexpr NvmlReturn kDriverNotLoaded = 9, kGpuIsLost = 15, kNotSupported = 3;
constexpr unsigned long long kGigabyte = 1ULL << 30;

struct Words {
    unsigned worker = 0;
    bool refuse = false, hang = false, crash = false, small = false, mig = false, lost = false;
};
Words g_words;

void read_words() {
    g_words = {};
    const char* const path = std::getenv("FAKE_NVML");
    std::FILE* const file = path ? std::fopen(path, "r") : nullptr;
    if (!file) return;
    char word[32] = {};
    while (std::fscanf(file, "%31s", word) == 1) {
        const std::string text = word;
        if (text == "worker") (void)!std::fscanf(file, "%u", &g_words.worker);
        g_words.refuse |= text == "refuse";
        g_words.hang |= text == "hang";
        g_words.crash |= text == "crash";
        g_words.small |= text == "small";
        g_words.mig |= text == "mig";
        g_words.lost |= text == "lost";
    }
    std::fclose(file);
}

[[maybe_unused]] void tell_hanging() {
    if (std::FILE* const file = std::fopen((std::string(std::getenv("FAKE_NVML")) + ".hangs").c_str(), "w"))
        std::fclose(file);
}

// 1 and 2, as pointers that nobody may follow.
int number_of(NvmlDevice device) {
    return static_cast<int>(reinterpret_cast<std::size_t>(device));
}

struct Entry {
    unsigned pid;
    unsigned long long memory;
};

NvmlReturn put_list(const std::vector<Entry>& entries, unsigned* count, char* buffer, std::size_t size) {
    const auto needed = static_cast<unsigned>(entries.size());
    const bool fits = needed <= *count;
    *count = needed;
    if (!fits) return kNvmlInsufficientSize;
    for (const Entry& entry : entries) {
        std::memset(buffer, 0x7f, size);  // what an instance id is not
        const NvmlProcess process{entry.pid, entry.memory};
        std::memcpy(buffer, &process, sizeof process);
        buffer += size;
    }
    return kNvmlSuccess;
}

NvmlReturn list_graphics(NvmlDevice device, unsigned* count, char* buffer, std::size_t size) {
    std::vector<Entry> entries;
    if (number_of(device) == 1) entries = {{101, 2 * kGigabyte}, {102, kNvmlUnknownMemory}};
    if (number_of(device) == 2 && g_words.worker) entries = {{g_words.worker, 3 * kGigabyte}};
    for (unsigned i = 0; g_words.small && i < 100; ++i) entries.push_back({1000 + i, 1});
    return put_list(entries, count, buffer, size);
}

NvmlReturn list_compute(NvmlDevice device, unsigned* count, char* buffer, std::size_t size) {
    if (number_of(device) == 2) return kNotSupported;
    return put_list({{101, 2 * kGigabyte}, {103, kGigabyte}}, count, buffer, size);
}

}  // namespace

extern "C" {

const char* nvmlErrorString(NvmlReturn reason) {
    return reason == kDriverNotLoaded ? "Driver Not Loaded"
           : reason == kGpuIsLost     ? "GPU is lost"
                                      : "Unknown";
}

NvmlReturn nvmlInit_v2() {
    read_words();
    return g_words.refuse ? kDriverNotLoaded : kNvmlSuccess;
}

#ifndef FAKE_NVML_FOREIGN
NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
    read_words();
    if (g_words.hang) tell_hanging();
    while (g_words.hang) ::pause();
    if (g_words.crash) std::raise(SIGKILL);
    *count = 2;
    return kNvmlSuccess;
}
#endif

NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice* device) {
    if (index == 0 && g_words.lost) return kGpuIsLost;
    *device = reinterpret_cast<NvmlDevice>(static_cast<std::size_t>(index + 1));
    return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetPciInfo_v3(NvmlDevice device, NvmlPciInfo* info) {
    *info = {};
    std::strcpy(info->bus_id, number_of(device) == 1 ? "00000000:41:00.0" : "00000000:C1:00.0");
    return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetMemoryInfo(NvmlDevice device, NvmlMemory* memory) {
    const auto number = static_cast<unsigned long long>(number_of(device));
    *memory = {80 * kGigabyte, (80 - 4 * number) * kGigabyte, 4 * number * kGigabyte};
    return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetUtilizationRates(NvmlDevice device, NvmlUtilization* use) {
    if (number_of(device) == 1 && g_words.mig) return kNotSupported;
    *use = {number_of(device) == 1 ? 35U : 70U, 5};
    return kNvmlSuccess;
}

#ifdef FAKE_NVML_OLD
NvmlReturn nvmlDeviceGetGraphicsRunningProcesses(NvmlDevice device, unsigned* count, void* infos) {
    return list_graphics(device, count, static_cast<char*>(infos), kNvmlProcessSize);
}
NvmlReturn nvmlDeviceGetComputeRunningProcesses(NvmlDevice device, unsigned* count, void* infos) {
    return list_compute(device, count, static_cast<char*>(infos), kNvmlProcessSize);
}
#else
NvmlReturn nvmlDeviceGetGraphicsRunningProcesses_v3(NvmlDevice device, unsigned* count, void* infos) {
    return list_graphics(device, count, static_cast<char*>(infos), kNvmlProcessSizeV2);
}
NvmlReturn nvmlDeviceGetComputeRunningProcesses_v3(NvmlDevice device, unsigned* count, void* infos) {
    return list_compute(device, count, static_cast<char*>(infos), kNvmlProcessSizeV2);
}

NvmlReturn nvmlDeviceGetUUID(NvmlDevice device, char* uuid, unsigned length) {
    if (length < 80) return kNvmlInsufficientSize;
    std::strcpy(uuid, number_of(device) == 1 ? "GPU-5e2bd8c5-0f3a-4b1c-9d7e-001122334455"
                                             : "GPU-aaaaaaaa-2222-3333-4444-555555555555");
    return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetTemperature(NvmlDevice device, int sensor, unsigned* degrees) {
    if (sensor != kNvmlTemperatureOfGpu || number_of(device) == 2) return kNotSupported;
    *degrees = 45;
    return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetPowerUsage(NvmlDevice device, unsigned* milliwatts) {
    *milliwatts = number_of(device) == 1 ? 120'500 : 60'000;
    return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetMigMode(NvmlDevice device, unsigned* current, unsigned* pending) {
    if (number_of(device) == 2) return kNotSupported;
    *current = *pending = g_words.mig ? kNvmlMigEnabled : 0;
    return kNvmlSuccess;
}

// First what a driver tells at its worst; then the second GPU has rested.
NvmlReturn nvmlDeviceGetProcessUtilization(NvmlDevice device, NvmlProcessSample* samples, unsigned* count,
                                           unsigned long long last_seen) {
    std::vector<NvmlProcessSample> all;
    if (number_of(device) == 1)
        all = {{101, 5000, 20, 1, 30, 2},        // the encoder is its busiest engine
               {101, 4000, 99, 1, 0, 0},         // older
               {103, 5000, 4'000'000, 0, 0, 0},  // nonsense
               {777, 9000, 50, 0, 0, 0},         // of a process that is gone
               {0, 0, 0, 0, 0, 0}};
    else if (last_seen == 0 && g_words.worker)
        all = {{g_words.worker, 6000, 12, 0, 0, 0}};
    else
        return kNvmlNotFound;
    const auto needed = static_cast<unsigned>(all.size());
    const bool fits = needed <= *count;
    *count = needed;
    if (!fits) return kNvmlInsufficientSize;
    std::ranges::copy(all, samples);
    return kNvmlSuccess;
}
#endif

}  // extern "C"

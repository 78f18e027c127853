// What kpm-gpu-monitor answers, and with it what a driver says.

#include <cstdint>
#include <string_view>

#include "daemon/core/gpu_monitor_line.h"
#include "ipc/base/gpu_address.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto figures = parse_gpu_monitor_line({reinterpret_cast<const char*>(data), size});
    if (!figures) {
        for (const char c : figures.error().message)
            fuzz::require(c >= ' ' && c <= '~', "a reason that can be printed");
        return 0;
    }
    for (const auto& [pci, gpu] : *figures) {
        fuzz::require(normal_pci(pci) == pci, "an address in its normal form");
        fuzz::require(gpu.readings.percent.value_or(0) <= 100, "a percentage of the GPU");
        fuzz::require(gpu.readings.power.value_or(0) >= 0, "a power");
        for (const auto& [pid, usage] : gpu.processes) {
            fuzz::require(pid > 0, "a pid");
            fuzz::require(usage.percent.value_or(0) >= 0 && usage.percent.value_or(0) <= 100, "a percentage");
        }
    }
    return 0;
}

// What /sys/class/drm, /proc/driver/nvidia and /proc/devices tell of GPUs.

#include <array>
#include <cstdint>
#include <string_view>

#include "daemon/core/gpu_device.h"
#include "ipc/base/gpu_address.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

namespace {

void check(const GpuDevice& device) {
    fuzz::require(normal_pci(device.pci) == device.pci, "an address in its normal form");
    fuzz::require(device.uuid.empty() || normal_uuid(device.uuid) == device.uuid,
                  "a UUID in its normal form");
    for (const std::string& text : {device.name, device.driver}) {
        fuzz::require(text.size() < 128, "no more than a line takes");
        for (const char c : text) fuzz::require(c >= ' ' && c <= '~', "what can be printed");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t third = size / 3;
    const std::array<std::string, 4> parts{std::string(text.substr(0, third)),
                                           std::string(text.substr(third, third)),
                                           std::string(text.substr(2 * third)), std::string(text)};
    for (const std::string& pci : {std::string("0000:41:00.0"), parts[0]})
        for (const std::string& information : {parts[1], parts[3]})
            if (const auto device = read_nvidia_device(pci, information)) check(*device);
    for (const std::string& uevent : {parts[2], parts[3]}) {
        const auto device = read_drm_device({.node = "renderD128",
                                             .vendor = "0x1002",
                                             .device = parts[0],
                                             .uevent = uevent,
                                             .memory_total = parts[1],
                                             .memory_used = parts[0]});
        if (device) check(*device);
        if (const auto pci = pci_of_uevent(uevent))
            fuzz::require(normal_pci(*pci) == *pci, "an address in its normal form");
    }
    nvidia_minor(text);
    fuzz::require(nvidia_majors(text).size() <= size, "at most one number a line");
    return 0;
}

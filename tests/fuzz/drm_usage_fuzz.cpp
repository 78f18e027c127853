// What /proc/PID/fdinfo tells of DRM devices.

#include <cstdint>
#include <string_view>

#include "daemon/core/drm_usage.h"
#include "ipc/base/gpu_address.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t half = size / 2;
    DrmUse before, now;
    now.at = std::chrono::nanoseconds{1'000'000'000};
    if (const auto client = parse_drm_client(text.substr(0, half))) before.add(*client);
    for (const std::string_view part : {text, text.substr(half)}) {
        const auto client = parse_drm_client(part);
        if (!client) continue;
        fuzz::require(normal_pci(client->pci) == client->pci, "an address in its normal form");
        fuzz::require(client->engines.size() <= 64, "a bounded number of engines");
        now.add(*client);
    }
    const GpuUsage usage = usage_between(&before, now);
    if (usage.percent) fuzz::require(*usage.percent >= 0 && *usage.percent <= 100, "a percentage");
    fuzz::require(usage.memory == now.memory, "its memory");
    return 0;
}

#include "daemon/core/gpu_probe.h"

#include "ipc/base/gpu_address.h"
#include "ipc/base/json.h"
#include "ipc/base/text.h"

namespace kpm::core {
namespace {

constexpr JsonLimits kLimits{.levels = 4, .parts = 100};

std::string text_of(const Json& device, const char* key) {
    const auto value = device.find(key);
    return value != device.end() && value->is_string() ? value->get<std::string>() : std::string();
}

bool is_true(const Json& device, const char* key) {
    const auto value = device.find(key);
    return value != device.end() && *value == true;
}

}  // namespace

GpuProbeResult read_gpu_probe(std::string_view printed, std::string_view pci, std::string_view uuid) {
    bool has_nameless = false;
    for (const std::string_view line : split(printed, '\n')) {
        if (line.empty()) continue;
        const Json device = parse_json(line, kLimits);
        // A line that is no device's tells that there is no loader or no driver, which is not this GPU's
        // fault.
        if (!device.is_object() || !device.contains("software")) return GpuProbeResult::Unknown;
        const std::string address = normal_pci(text_of(device, "pci")).value_or("");
        const std::string id = normal_uuid(text_of(device, "uuid")).value_or("");
        if (address == pci || (!uuid.empty() && id == uuid))
            return device.contains("error") ? GpuProbeResult::Fails : GpuProbeResult::Answers;
        has_nameless |= address.empty() && id.empty() && !is_true(device, "software");
    }
    return has_nameless ? GpuProbeResult::Unknown : GpuProbeResult::Fails;
}

}  // namespace kpm::core

#include "render-worker/gpu/device_id.h"

#include <algorithm>
#include <fstream>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "ipc/base/text.h"

namespace kpm::render {
std::string uuid_text(std::span<const unsigned char, 16> bytes) {
    std::string digits;
    for (unsigned char byte : bytes) digits += fmt::format("{:02x}", byte);
    return normal_uuid(digits).value_or("");
}

std::string pci_of_render_node(const std::filesystem::path& root, std::string_view node) {
    std::error_code failed;
    const auto name = std::filesystem::path(node).filename();
    const auto device = std::filesystem::canonical(root / "sys/class/drm" / name / "device", failed);
    if (failed) return "";
    return normal_pci(device.filename().string()).value_or("");
}

std::string pci_of_nvidia_uuid(const std::filesystem::path& root, std::string_view uuid) {
    std::error_code failed;
    std::filesystem::directory_iterator entry(root / "proc/driver/nvidia/gpus", failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
        std::ifstream information(entry->path() / "information");
        for (std::string line; std::getline(information, line);) {
            const std::string_view text = line;
            if (!text.starts_with("GPU UUID:")) continue;
            if (normal_uuid(trim(text.substr(9))) == normal_uuid(uuid))
                return normal_pci(entry->path().filename().string()).value_or("");
        }
    }
    return "";
}

bool matches(const DeviceSelector& selector, const DeviceId& device) {
    switch (selector.kind) {
        case DeviceSelector::Kind::Auto:
            return !device.software;
        case DeviceSelector::Kind::Software:
            return device.software;
        case DeviceSelector::Kind::Cpu:
            return false;
        case DeviceSelector::Kind::Pci:
            return device.pci == selector.value;
        case DeviceSelector::Kind::Uuid:
            return device.uuid == selector.value;
        case DeviceSelector::Kind::RenderNode:
            return device.render_node == selector.value;
    }
    return false;
}

bool has_extension(const char* list, std::string_view extension) {
    if (!list) return false;
    const auto words = split(list, ' ');
    return std::find(words.begin(), words.end(), extension) != words.end();
}

}  // namespace kpm::render

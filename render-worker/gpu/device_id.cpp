#include "render-worker/gpu/device_id.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "ipc/base/text.h"

namespace kpm::render {
namespace {

bool is_hex(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

std::string with_dashes(std::string_view digits) {
    return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                       digits.substr(16, 4), digits.substr(20, 12));
}

}  // namespace

std::optional<std::string> normal_pci(std::string_view text) {
    const std::string lowered = lower(text);
    auto parts = split(lowered, ':');
    std::string domain = "0000";
    if (parts.size() == 3) {
        // NVIDIA's tools print the domain with eight digits, the kernel with four.
        if (!is_hex(parts[0]) || parts[0].size() > 8) return std::nullopt;
        std::string_view digits = parts[0];
        while (digits.size() > 4 && digits.front() == '0') digits.remove_prefix(1);
        domain = fmt::format("{:0>4}", digits);
        parts.erase(parts.begin());
    }
    if (parts.size() != 2 || parts[0].size() != 2 || !is_hex(parts[0])) return std::nullopt;
    const std::string_view device = parts[1];
    if (device.size() != 4 || device[2] != '.' || !is_hex(device.substr(0, 2))) return std::nullopt;
    if (device[3] < '0' || device[3] > '7') return std::nullopt;
    return fmt::format("{}:{}:{}", domain, parts[0], device);
}

std::optional<std::string> normal_uuid(std::string_view text) {
    std::string digits = lower(text);
    if (digits.starts_with("gpu-")) digits.erase(0, 4);
    const bool dashed = digits.size() == 36 && digits[8] == '-' && digits[13] == '-' && digits[18] == '-' &&
                        digits[23] == '-';
    if (dashed) std::erase(digits, '-');
    if (digits.size() != 32 || !is_hex(digits)) return std::nullopt;
    return with_dashes(digits);
}

std::string uuid_text(std::span<const unsigned char, 16> bytes) {
    std::string digits;
    for (unsigned char byte : bytes) digits += fmt::format("{:02x}", byte);
    return with_dashes(digits);
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

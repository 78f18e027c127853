#include "ipc/base/gpu_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "ipc/base/text.h"

namespace kpm {
namespace {

bool is_hex(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
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
    const std::string_view all = digits;
    return fmt::format("{}-{}-{}-{}-{}", all.substr(0, 8), all.substr(8, 4), all.substr(12, 4),
                       all.substr(16, 4), all.substr(20, 12));
}

}  // namespace kpm

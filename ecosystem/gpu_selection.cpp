#include "ecosystem/gpu_selection.h"

#include "ipc/base/gpu_address.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

constexpr std::string_view kNodes = "/dev/dri/";
constexpr std::string_view kNode = "renderd";  // in lower case

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

}  // namespace

std::optional<GpuSelection> GpuSelection::parse(std::string_view text) {
    const std::string lowered = lower(trim(text));
    std::string_view rest = lowered;
    if (rest == "auto") return GpuSelection{Kind::Auto, ""};
    if (rest == "software") return GpuSelection{Kind::Software, ""};
    if (rest == "none" || rest == "cpu" || rest == "off") return GpuSelection{Kind::Cpu, ""};
    if (take_prefix(rest, "vendor:")) {
        if (rest != "nvidia" && rest != "amd" && rest != "intel") return std::nullopt;
        return GpuSelection{Kind::Vendor, std::string(rest)};
    }
    const bool says_pci = take_prefix(rest, "pci:");
    const bool says_uuid = !says_pci && take_prefix(rest, "uuid:");
    if (!says_uuid)
        if (auto pci = normal_pci(rest)) return GpuSelection{Kind::Pci, *std::move(pci)};
    if (!says_pci)
        if (auto uuid = normal_uuid(rest)) return GpuSelection{Kind::Uuid, *std::move(uuid)};
    if (says_pci || says_uuid) return std::nullopt;
    take_prefix(rest, kNodes);
    if (!take_prefix(rest, kNode) || !is_number(rest)) return std::nullopt;
    return GpuSelection{Kind::RenderNode, "/dev/dri/renderD" + std::string(rest)};
}

}  // namespace kpm::ecosystem

#include "render-worker/gpu/device_selector.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "ipc/base/text.h"
#include "render-worker/gpu/device_id.h"

namespace kpm::render {
namespace {

constexpr std::string_view kNodeDirectory = "/dev/dri/";
constexpr std::string_view kNodePrefix = "renderd";

std::optional<std::string> render_node(std::string_view lowered) {
    if (lowered.starts_with(kNodeDirectory)) lowered.remove_prefix(kNodeDirectory.size());
    if (!lowered.starts_with(kNodePrefix)) return std::nullopt;
    lowered.remove_prefix(kNodePrefix.size());
    if (!is_number(lowered)) return std::nullopt;
    return fmt::format("{}renderD{}", kNodeDirectory, lowered);
}

}  // namespace

Result<DeviceSelector> DeviceSelector::parse(std::string_view text) {
    const std::string lowered = lower(trim(text));
    std::string_view rest = lowered;
    if (rest == "auto") return DeviceSelector{Kind::Auto, ""};
    if (rest == "software") return DeviceSelector{Kind::Software, ""};
    if (rest == "cpu" || rest == "off" || rest == "none") return DeviceSelector{Kind::Cpu, ""};
    if (auto node = render_node(rest)) return DeviceSelector{Kind::RenderNode, *node};

    const bool says_pci = rest.starts_with("pci:");
    const bool says_uuid = rest.starts_with("uuid:");
    if (says_pci) rest.remove_prefix(4);
    if (says_uuid) rest.remove_prefix(5);
    if (!says_uuid)
        if (auto pci = normal_pci(rest)) return DeviceSelector{Kind::Pci, *pci};
    if (!says_pci)
        if (auto uuid = normal_uuid(rest)) return DeviceSelector{Kind::Uuid, *uuid};
    return Error{ErrorCode::Invalid,
                 fmt::format("cannot select gpu '{}': expected auto, software, cpu, off, none, a PCI address "
                             "(0000:41:00.0), a UUID or a render node (/dev/dri/renderD128)",
                             text)};
}

std::string DeviceSelector::text() const {
    switch (kind) {
        case Kind::Auto:
            return "auto";
        case Kind::Software:
            return "software";
        case Kind::Cpu:
            return "cpu";
        case Kind::Pci:
            return "pci:" + value;
        case Kind::Uuid:
            return "uuid:" + value;
        case Kind::RenderNode:
            return value;
    }
    return "auto";
}

}  // namespace kpm::render

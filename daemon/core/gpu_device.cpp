#include "daemon/core/gpu_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "ipc/base/gpu_address.h"
#include "ipc/base/text.h"

namespace kpm::core {
namespace {

constexpr std::size_t kLongestName = 96;

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
    text = trim(text);
    if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// The value of a line "key<separator>value"; "" = there is none.
std::string_view value_of(std::string_view text, std::string_view key, char separator) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == separator)
            return trim(line.substr(key.size() + 1));
    }
    return {};
}

// For terminals and JSON: of ASCII only what can be printed, and no more than a line takes.
std::string clean(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, kLongestName))
        if (c >= ' ' && c <= '~') result += c;
    return result;
}

std::string vendor_name(unsigned id) {
    switch (id) {
        case 0x10de:
            return "nvidia";
        case 0x1002:
            return "amd";
        case 0x8086:
            return "intel";
        default:
            return fmt::format("0x{:04x}", id);
    }
}

void fill(std::string& target, std::string&& other) {
    if (target.empty()) target = std::move(other);
}

}  // namespace

const GpuDevice* GpuInventory::find(std::string_view pci) const {
    const auto found = std::ranges::find(devices, pci, &GpuDevice::pci);
    return found == devices.end() ? nullptr : &*found;
}

std::optional<GpuDevice> read_drm_device(const DrmTexts& texts) {
    const auto pci = pci_of_uevent(texts.uevent);
    const auto vendor = number_in<unsigned>(texts.vendor, 16);
    const auto model = number_in<unsigned>(texts.device, 16);
    if (!pci || !vendor || !model || *vendor > 0xffff || *model > 0xffff) return std::nullopt;
    GpuDevice device;
    device.pci = *pci;
    device.render_node = "/dev/dri/" + texts.node;
    device.vendor = vendor_name(*vendor);
    device.driver = clean(value_of(texts.uevent, "DRIVER", '='));
    device.name = fmt::format("{} {:04x}:{:04x}", device.vendor, *vendor, *model);
    const auto total = number_in<std::uint64_t>(texts.memory_total, 10);
    const auto used = number_in<std::uint64_t>(texts.memory_used, 10);
    if (total && used && *used <= *total) {
        device.free_memory = *total - *used;
        device.readings.memory_total = total;
        device.readings.memory_used = used;
    }
    return device;
}

std::optional<GpuDevice> read_nvidia_device(std::string_view pci, std::string_view information) {
    auto address = normal_pci(pci);
    if (!address || value_of(information, "GPU Excluded", ':') == "Yes") return std::nullopt;
    GpuDevice device;
    device.pci = *std::move(address);
    // Question marks, until the driver has talked to the device.
    device.uuid = normal_uuid(value_of(information, "GPU UUID", ':')).value_or("");
    device.vendor = device.driver = "nvidia";
    device.name = clean(value_of(information, "Model", ':'));
    if (device.name.empty()) device.name = "nvidia";
    return device;
}

std::vector<unsigned> nvidia_majors(std::string_view devices) {
    std::vector<unsigned> majors;
    for (const std::string_view line : split(devices, '\n')) {
        if (line.starts_with("Block devices")) break;
        const std::string_view entry = trim(line);
        const std::size_t blank = entry.find(' ');
        if (blank == std::string_view::npos) continue;
        const std::string_view name = entry.substr(blank + 1);
        if (name != "nvidia" && name != "nvidia-frontend") continue;
        if (const auto number = number_in<unsigned>(entry.substr(0, blank), 10)) majors.push_back(*number);
    }
    return majors;
}

std::optional<unsigned> nvidia_minor(std::string_view information) {
    return number_in<unsigned>(value_of(information, "Device Minor", ':'), 10);
}

std::optional<std::string> pci_of_uevent(std::string_view uevent) {
    return normal_pci(value_of(uevent, "PCI_SLOT_NAME", '='));
}

void add_device(GpuInventory& inventory, GpuDevice device) {
    auto& devices = inventory.devices;
    const auto place = std::ranges::lower_bound(devices, device.pci, {}, &GpuDevice::pci);
    if (place == devices.end() || place->pci != device.pci) {
        devices.insert(place, std::move(device));
        return;
    }
    fill(place->uuid, std::move(device.uuid));
    fill(place->render_node, std::move(device.render_node));
    fill(place->vendor, std::move(device.vendor));
    fill(place->driver, std::move(device.driver));
    fill(place->name, std::move(device.name));
    if (!place->free_memory) {
        place->free_memory = device.free_memory;
        place->readings = device.readings;
    }
}

}  // namespace kpm::core

#pragma once
// How one GPU is named: its PCI address, its UUID (ipc/base/gpu_address.h) and its DRM render node, each in
// one normal form. Reads only /sys and /proc; knows no GL.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ipc/base/gpu_address.h"
#include "render-worker/gpu/device_selector.h"

namespace kpm::render {

// Fields are empty where the system does not tell.
struct DeviceId {
    std::string pci;          // "0000:41:00.0"
    std::string uuid;         // "5e2bd8c5-…", lower case, 8-4-4-4-12
    std::string render_node;  // "/dev/dri/renderD128"
    bool software = false;
};

using kpm::normal_pci;
using kpm::normal_uuid;

// The 16 bytes in which EGL and GL report a UUID.
std::string uuid_text(std::span<const unsigned char, 16> bytes);

// PCI address behind a DRM render node, from <root>/sys/class/drm/<node>/device; empty if it is not on a PCI
// bus.
std::string pci_of_render_node(const std::filesystem::path& root, std::string_view node);
// PCI address of an NVIDIA GPU, from <root>/proc/driver/nvidia/gpus/<pci>/information; empty if none has this
// UUID.
std::string pci_of_nvidia_uuid(const std::filesystem::path& root, std::string_view uuid);

// Whether the selector means this device. Software devices match only `software`.
bool matches(const DeviceSelector& selector, const DeviceId& device);

// Whole words of a space-separated extension list: "EGL_EXT_device_drm" is not in
// "EGL_EXT_device_drm_render_node".
bool has_extension(const char* list, std::string_view extension);

}  // namespace kpm::render

#include "daemon/io/gpu_scan.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/io/small_file.h"
#include "ipc/base/text.h"

namespace kpm::io {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 10;
constexpr std::size_t kMostDevices = 256;
constexpr std::string_view kNode = "renderD";

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    while (directory && names.size() < kMostDevices) {
        const dirent* entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    return names;
}

// renderD128 before renderD1000: of several nodes of one GPU the first is its own.
std::vector<std::string> render_nodes(const std::string& folder) {
    std::vector<std::string> names = names_in(folder);
    std::erase_if(names, [](const std::string& name) {
        return !name.starts_with(kNode) || name.size() > kNode.size() + 9 ||
               !is_number(std::string_view(name).substr(kNode.size()));
    });
    std::ranges::sort(names, [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return names;
}

std::string text_of(const std::string& path) {
    return read_small_file(path, kLargestFile);
}

// In the order in which libglvnd looks.
std::string vendor_file(const std::string& root, std::string_view name) {
    for (const std::string_view folder : {"/etc/glvnd/egl_vendor.d/", "/usr/share/glvnd/egl_vendor.d/"}) {
        const std::string path = std::string(folder).append(name);
        if (::access((root + path).c_str(), R_OK) == 0) return path;
    }
    return "";
}

}  // namespace

core::GpuInventory scan_gpus(const std::string& root) {
    core::GpuInventory inventory;
    // NVIDIA's own words first: they have the model's name.
    const std::string nvidia = root + "/proc/driver/nvidia/gpus/";
    for (const std::string& pci : names_in(nvidia))
        if (auto device = core::read_nvidia_device(pci, text_of(nvidia + pci + "/information")))
            core::add_device(inventory, *std::move(device));
    const std::string drm = root + "/sys/class/drm/";
    for (const std::string& node : render_nodes(drm)) {
        const std::string folder = drm + node + "/device/";
        auto device = core::read_drm_device({.node = node,
                                             .vendor = text_of(folder + "vendor"),
                                             .device = text_of(folder + "device"),
                                             .uevent = text_of(folder + "uevent"),
                                             .memory_total = text_of(folder + "mem_info_vram_total"),
                                             .memory_used = text_of(folder + "mem_info_vram_used")});
        if (device) core::add_device(inventory, *std::move(device));
    }
    inventory.nvidia_egl = vendor_file(root, "10_nvidia.json");
    inventory.mesa_egl = vendor_file(root, "50_mesa.json");
    return inventory;
}

core::GpuInventory scan_machine_gpus() {
    return scan_gpus(gpu_root());
}

std::string gpu_root() {
    const char* root = std::getenv("KPM_GPU_ROOT");
    return root ? root : "/";
}

bool has_nvidia_driver() {
    return ::access((gpu_root() + "/proc/driver/nvidia").c_str(), F_OK) == 0;
}

}  // namespace kpm::io

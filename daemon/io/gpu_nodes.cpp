#include "daemon/io/gpu_nodes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "daemon/core/gpu_device.h"
#include "daemon/io/small_file.h"
#include "ipc/base/gpu_address.h"

namespace kpm::io {
namespace {

constexpr std::size_t kLargestText = std::size_t{64} << 10;
constexpr int kMostGpus = 256;
// Linux's Documentation/admin-guide/devices.txt and drivers/gpu/drm/drm_drv.c
constexpr unsigned kDrmMajor = 226;
constexpr unsigned kFirstRenderNode = 128;

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

std::optional<DeviceNumber> device_of_descriptor(int folder, const char* descriptor) {
    struct statx facts {};
    // Never a question to a file server.
    if (::statx(folder, descriptor, AT_STATX_DONT_SYNC, STATX_TYPE, &facts) != 0 || !S_ISCHR(facts.stx_mode))
        return std::nullopt;
    return DeviceNumber{facts.stx_rdev_major, facts.stx_rdev_minor};
}

GpuNodes::GpuNodes(std::string root) : root_(std::move(root)) {}

void GpuNodes::refresh() {
    const auto now = std::chrono::steady_clock::now();
    if (seen_ != std::chrono::steady_clock::time_point{} && now - seen_ < kFresh) return;
    seen_ = now;
    known_.clear();
    nvidia_majors_ = core::nvidia_majors(read_small_file(root_ + "/proc/devices", kLargestText));
}

std::string GpuNodes::find_nvidia(unsigned minor) const {
    const std::string gpus = root_ + "/proc/driver/nvidia/gpus";
    const std::unique_ptr<DIR, CloseFolder> folder(::opendir(gpus.c_str()));
    for (int i = 0; folder && i < kMostGpus; ++i) {
        const dirent* entry = ::readdir(folder.get());
        if (entry == nullptr) break;
        const std::string path = gpus + "/" + entry->d_name + "/information";
        const auto pci = normal_pci(entry->d_name);
        if (pci && core::nvidia_minor(read_small_file(path, kLargestText)) == minor) return *pci;
    }
    return "";
}

std::optional<std::string> GpuNodes::pci_of(DeviceNumber node) {
    refresh();
    const bool is_nvidia = std::ranges::find(nvidia_majors_, node.major) != nvidia_majors_.end();
    if (!is_nvidia && (node.major != kDrmMajor || node.minor < kFirstRenderNode)) return std::nullopt;
    const auto [known, is_new] = known_.try_emplace({node.major, node.minor});
    if (is_new && is_nvidia) {
        known->second = find_nvidia(node.minor);
    } else if (is_new) {
        const std::string device = root_ + "/sys/dev/char/" + std::to_string(node.major) + ":" +
                                   std::to_string(node.minor) + "/device/uevent";
        known->second = core::pci_of_uevent(read_small_file(device, kLargestText)).value_or("");
    }
    return known->second.empty() ? std::nullopt : std::optional(known->second);
}

}  // namespace kpm::io

#include "daemon/io/gpu_sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string_view>

#include "daemon/io/small_file.h"

namespace kpm::io {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 10;
constexpr int kMostDescriptors = 4096;  // looked at: a process with more of them would hold up the loop
constexpr std::string_view kDevices = "/dev/dri/";

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

bool is_drm_device(int folder, const char* descriptor) {
    std::array<char, kDevices.size()> target;
    const ssize_t size = ::readlinkat(folder, descriptor, target.data(), target.size());
    return size == static_cast<ssize_t>(target.size()) &&
           std::string_view(target.data(), target.size()) == kDevices;
}

}  // namespace

core::DrmUse GpuSampler::look(pid_t pid, const std::string& pci) const {
    core::DrmUse use;
    use.at = std::chrono::steady_clock::now().time_since_epoch();
    const std::string process = proc_ + "/" + std::to_string(pid);
    const std::unique_ptr<DIR, CloseDirectory> folder(::opendir((process + "/fd").c_str()));
    for (int looked = 0; folder && looked < kMostDescriptors; ++looked) {
        const dirent* entry = ::readdir(folder.get());
        if (entry == nullptr) break;
        if (!is_drm_device(::dirfd(folder.get()), entry->d_name)) continue;
        const auto client =
            core::parse_drm_client(read_small_file(process + "/fdinfo/" + entry->d_name, kLargestFile));
        if (client && client->pci == pci) use.add(*client);
    }
    return use;
}

core::GpuUsage GpuSampler::sample(pid_t pid, const std::string& pci) {
    core::DrmUse now = look(pid, pci);
    const auto key = std::pair(pid, pci);
    if (now.clients.empty()) {
        last_.erase(key);
        return {};
    }
    const auto before = last_.find(key);
    const core::GpuUsage usage = core::usage_between(before == last_.end() ? nullptr : &before->second, now);
    last_.insert_or_assign(key, std::move(now));
    return usage;
}

void GpuSampler::forget(pid_t pid) {
    last_.erase(last_.lower_bound({pid, ""}), last_.lower_bound({pid + 1, ""}));
}

}  // namespace kpm::io

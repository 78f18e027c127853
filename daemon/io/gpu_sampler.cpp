#include "daemon/io/gpu_sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string_view>

#include "daemon/io/small_file.h"

namespace kpm::io {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 10;
constexpr int kMostDescriptors = 4096;  // looked at: a process with more of them would hold up the loop
constexpr std::string_view kDevices = "/dev/";
constexpr std::string_view kDrmDevices = "/dev/dri/";

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// The first bytes of the name that a descriptor was opened by: enough to tell devices from all else. A file
// on a server that is away is not asked for anything.
class NameStart {
public:
    NameStart(int folder, const char* descriptor)
        : size_(::readlinkat(folder, descriptor, text_.data(), text_.size())) {}
    bool starts_with(std::string_view prefix) const {
        return size_ > 0 &&
               std::string_view(text_.data(), static_cast<std::size_t>(size_)).starts_with(prefix);
    }

private:
    std::array<char, kDrmDevices.size()> text_;
    ssize_t size_;
};

}  // namespace

struct GpuSampler::Look {
    core::DrmUse use;
    std::set<std::string> open;  // PCI addresses
};

GpuSampler::Look GpuSampler::look(pid_t pid, const std::string& pci) {
    Look found;
    found.use.at = std::chrono::steady_clock::now().time_since_epoch();
    const std::string process = proc_ + "/" + std::to_string(pid);
    const std::unique_ptr<DIR, CloseDirectory> folder(::opendir((process + "/fd").c_str()));
    for (int looked = 0; folder && looked < kMostDescriptors; ++looked) {
        const dirent* entry = ::readdir(folder.get());
        if (entry == nullptr) break;
        const NameStart name(::dirfd(folder.get()), entry->d_name);
        if (!name.starts_with(kDevices)) continue;
        if (const auto node = device_of_(::dirfd(folder.get()), entry->d_name))
            if (auto gpu = nodes_.pci_of(*node)) found.open.insert(*std::move(gpu));
        if (!name.starts_with(kDrmDevices)) continue;
        const auto client =
            core::parse_drm_client(read_small_file(process + "/fdinfo/" + entry->d_name, kLargestFile));
        if (client && client->pci == pci) found.use.add(*client);
    }
    return found;
}

core::GpuUsage GpuSampler::sample(pid_t pid, const std::string& pci) {
    Look now = look(pid, pci);
    const auto key = std::pair(pid, pci);
    core::GpuUsage usage;
    if (now.use.clients.empty()) {
        last_.erase(key);
    } else {
        const auto before = last_.find(key);
        usage = core::usage_between(before == last_.end() ? nullptr : &before->second, now.use);
        last_.insert_or_assign(key, std::move(now.use));
    }
    now.open.erase(pci);
    usage.others.assign(now.open.begin(), now.open.end());
    return usage;
}

void GpuSampler::forget(pid_t pid) {
    last_.erase(last_.lower_bound({pid, ""}), last_.lower_bound({pid + 1, ""}));
}

}  // namespace kpm::io

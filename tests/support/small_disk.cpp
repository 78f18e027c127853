#include "tests/support/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "ipc/base/unique_fd.h"

namespace kpm::test {
namespace {

void require(bool worked, const char* what) {
    if (!worked) throw std::system_error(errno, std::generic_category(), what);
}

// Once for the program: what is mounted from then on is its own.
void take_mount_namespace() {
    static bool is_taken = false;
    if (std::exchange(is_taken, true)) return;
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    require(::unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
    if (uid != 0) {
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << uid << ' ' << uid << " 1";
        std::ofstream("/proc/self/gid_map") << gid << ' ' << gid << " 1";
    }
    require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make mounts private");
}

}  // namespace

SmallDisk::SmallDisk(std::filesystem::path folder, std::size_t bytes) : folder_(std::move(folder)) {
    take_mount_namespace();
    std::filesystem::create_directories(folder_);
    const std::string size = "mode=700,size=" + std::to_string(bytes);
    require(::mount("small-disk", folder_.c_str(), "tmpfs", 0, size.c_str()) == 0, "mount tmpfs");
}

SmallDisk::~SmallDisk() {
    ::umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::fill() const {
    const UniqueFd file(
        ::open((folder_ / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    require(static_cast<bool>(file), "open filler");
    const std::vector<char> block(4096, 'x');
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
    require(errno == ENOSPC, "fill the disk");
}

// Files that are open for writing forbid this of the mount itself, so another one of the same disk covers it.
void SmallDisk::make_read_only() const {
    const char* folder = folder_.c_str();
    require(::mount(folder, folder, nullptr, MS_BIND, nullptr) == 0, "bind the disk");
    require(::mount(nullptr, folder, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0,
            "make the disk read-only");
}

void SmallDisk::make_writable() const {
    require(::umount2(folder_.c_str(), MNT_DETACH) == 0, "uncover the disk");
}

void SmallDisk::empty() const {
    std::filesystem::remove(folder_ / "filler");
}

}  // namespace kpm::test

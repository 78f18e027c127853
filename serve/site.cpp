#include "serve/site.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <memory>

namespace kpm::serve {
namespace {

Error failure(const std::string& path, int number) {
    Error error = os_error("open", path, number);
    if (number == ENOTDIR || number == ENAMETOOLONG || number == ELOOP) error.code = ErrorCode::NotFound;
    return error;
}

std::string descriptor_path(int fd) {
    return fmt::format("/proc/self/fd/{}", fd);
}

// Where an open descriptor lies on the disk, all links followed.
std::string real_path(int fd) {
    std::error_code ignored;
    return std::filesystem::read_symlink(descriptor_path(fd), ignored).string();
}

bool is_below(const std::string& path, const std::string& folder) {
    if (path.empty() || folder.empty()) return false;
    if (path == folder || folder == "/") return true;
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

Result<SiteEntry> Site::open(const std::string& path) const {
    // O_PATH touches nothing: no FIFO blocks, no device wakes up before it is known to be a plain file.
    const UniqueFd root(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return failure(folder_, errno);
    const UniqueFd found(::openat(root.get(), path.empty() ? "." : path.c_str(), O_PATH | O_CLOEXEC));
    if (!found) return failure(path, errno);
    if (!is_below(real_path(found.get()), real_path(root.get())))
        return Error{ErrorCode::Denied, fmt::format("cannot open '{}': outside of '{}'", path, folder_)};
    struct stat info {};
    if (::fstat(found.get(), &info) != 0) return failure(path, errno);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return Error{ErrorCode::Denied, fmt::format("cannot open '{}': neither a file nor a folder", path)};
    SiteEntry entry;
    entry.is_folder = S_ISDIR(info.st_mode);
    entry.size = static_cast<std::uint64_t>(info.st_size);
    entry.modified = info.st_mtim;
    entry.fd = UniqueFd(::open(descriptor_path(found.get()).c_str(), O_RDONLY | O_CLOEXEC));
    // A folder that may be passed through need not be readable.
    if (!entry.fd && !entry.is_folder) return failure(path, errno);
    return entry;
}

Result<std::vector<FolderEntry>> Site::list(const SiteEntry& folder) const {
    const UniqueFd own(::openat(folder.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return os_error("list", folder_, errno);
    const int copy = ::dup(own.get());
    const std::unique_ptr<DIR, int (*)(DIR*)> reader(copy < 0 ? nullptr : ::fdopendir(copy), &::closedir);
    if (!reader) return os_error("list", folder_, errno);
    std::vector<FolderEntry> entries;
    while (const dirent* item = ::readdir(reader.get())) {
        const std::string name = item->d_name;
        struct stat info {};
        if (name.starts_with('.') || ::fstatat(own.get(), name.c_str(), &info, 0) != 0) continue;
        entries.push_back(
            {name, S_ISDIR(info.st_mode), static_cast<std::uint64_t>(info.st_size), info.st_mtime});
    }
    return entries;
}

}  // namespace kpm::serve

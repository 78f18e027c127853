#include "daemon/io/file_status.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <memory>

#include "daemon/core/watch_filter.h"

namespace kpm::io {
namespace {

constexpr std::int64_t kJustNow = 2;  // seconds

bool is_near(std::int64_t first, std::int64_t second) {
    return first - second <= kJustNow && second - first <= kJustNow;
}

}  // namespace

std::chrono::system_clock::time_point time_of(const timespec& time) {
    return std::chrono::system_clock::time_point(
        std::chrono::seconds(time.tv_sec) + std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                                std::chrono::nanoseconds(time.tv_nsec)));
}

std::optional<FileStatus> status_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return FileStatus{.identity = {.device = status.st_dev, .inode = status.st_ino},
                      .is_directory = S_ISDIR(status.st_mode),
                      .is_just_modified = is_near(status.st_mtim.tv_sec, std::time(nullptr)),
                      .modified = time_of(status.st_mtim)};
}

bool is_link(const std::string& path) {
    return entry_type(path) == DT_LNK;
}

unsigned char entry_type(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return DT_UNKNOWN;
    if (S_ISDIR(status.st_mode)) return DT_DIR;
    return S_ISLNK(status.st_mode) ? DT_LNK : DT_REG;
}

std::string join_path(const std::string& directory, std::string_view name) {
    std::string path = directory == "/" ? "" : directory;
    path += '/';
    path += name;
    return path;
}

std::string real_path(const std::string& path) {
    for (std::size_t end = path.size(); end != std::string::npos && end > 0; end = path.rfind('/', end - 1)) {
        const std::unique_ptr<char, decltype(&std::free)> real(
            ::realpath(path.substr(0, end).c_str(), nullptr), &std::free);
        if (!real) continue;
        std::string whole = core::resolve_path(real.get(), "./" + path.substr(end));
        return whole == path ? "" : whole;
    }
    return "";
}

}  // namespace kpm::io

#include "cli/user_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t size = ::write(fd, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("write", path, errno);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    if (::fsync(fd) != 0) return os_error("write", path, errno);
    return {};
}

}  // namespace

Result<std::string> read_user_file(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return os_error("read", path, errno);
    std::string text;
    char buffer[16384];
    for (;;) {
        const ssize_t size = ::read(file.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("read", path, errno);
        if (size == 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

Result<void> write_user_file(const std::string& path, std::string_view text, mode_t mode) {
    std::error_code problem;
    fs::path target = fs::weakly_canonical(path, problem);
    if (problem) target = path;
    fs::create_directories(target.parent_path(), problem);
    if (problem) return os_error("make", target.parent_path().string(), problem.value());
    struct stat old {};
    const bool exists = ::stat(target.c_str(), &old) == 0;
    if (exists) mode = old.st_mode & 07777;
    const std::string beside = fmt::format("{}.kpm-{}", target.string(), ::getpid());
    const UniqueFd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return os_error("write", path, errno);
    auto written = write_all(file.get(), text, path);
    if (written && ::fchmod(file.get(), mode) != 0) written = os_error("write", path, errno);
    // Root may edit another user's file: it stays theirs.
    if (written && exists && ::geteuid() == 0 && ::fchown(file.get(), old.st_uid, old.st_gid) != 0)
        written = os_error("write", path, errno);
    if (written && ::rename(beside.c_str(), target.c_str()) != 0) written = os_error("write", path, errno);
    if (!written) ::unlink(beside.c_str());
    return written;
}

}  // namespace kpm::cli

#include "render-worker/files/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "ipc/base/unique_fd.h"
#include "render-worker/files/read_file.h"

namespace kpm::render {
namespace {

constexpr mode_t kMode = 0666;  // less the umask

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return os_error("write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// The file may be what it is, but not in this folder (EACCES, EPERM, EROFS), or it is a mount (EBUSY).
bool may_not_be_replaced(int error) {
    return error == EACCES || error == EPERM || error == EROFS || error == EBUSY;
}

// A link stays a link: its target is what is replaced.
std::string behind_links(const std::string& path) {
    std::error_code problem;
    const std::filesystem::path target = std::filesystem::weakly_canonical(path, problem);
    return problem ? path : target.string();
}

}  // namespace

Result<NewFile> NewFile::write(const std::string& path, std::string_view bytes) {
    const std::string target = behind_links(path);
    struct stat old {};
    const bool exists = ::stat(path.c_str(), &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) return os_error("write", path, EISDIR);
    if (exists && !S_ISREG(old.st_mode)) {
        const UniqueFd device(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!device) return os_error("write", path, errno);
        if (auto written = write_all(device.get(), bytes, path); !written) return written.error();
        return NewFile(path, target);
    }
    if (exists && ::access(path.c_str(), W_OK) != 0) return os_error("write", path, errno);

    NewFile file(path, target);
    std::string beside = fmt::format("{}.new-{}", target, ::getpid());
    const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    if (!fd) {
        if (!exists || !may_not_be_replaced(errno)) return os_error("write", path, errno);
        file.waiting_.emplace(bytes);
        return file;
    }
    file.beside_ = std::move(beside);  // removed where the rest fails
    if (exists && ::fchmod(fd.get(), old.st_mode & 0777) != 0) return os_error("write", path, errno);
    if (auto written = write_all(fd.get(), bytes, path); !written) return written.error();
    return file;
}

NewFile NewFile::standard_output(std::string bytes) {
    NewFile file("standard output", {});
    file.is_standard_output_ = true;
    file.waiting_ = std::move(bytes);
    return file;
}

NewFile::NewFile(NewFile&& other) noexcept
    : is_standard_output_(other.is_standard_output_),
      path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      beside_(std::exchange(other.beside_, {})),
      waiting_(std::exchange(other.waiting_, std::nullopt)) {}

NewFile::~NewFile() {
    if (!beside_.empty()) ::unlink(beside_.c_str());
}

Result<void> NewFile::overwrite(std::string_view bytes) const {
    if (is_standard_output_) return write_all(STDOUT_FILENO, bytes, path_);
    const UniqueFd fd(::open(target_.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    if (!fd) return os_error("write", path_, errno);
    return write_all(fd.get(), bytes, path_);
}

Result<void> NewFile::keep() {
    if (waiting_) return overwrite(*std::exchange(waiting_, std::nullopt));
    if (beside_.empty()) return {};
    if (::rename(beside_.c_str(), target_.c_str()) == 0) {
        beside_.clear();
        return {};
    }
    if (!may_not_be_replaced(errno)) return os_error("write", path_, errno);
    const auto bytes = read_file(beside_);
    if (!bytes) return bytes.error();
    return overwrite(*bytes);  // the one beside goes with this object
}

}  // namespace kpm::render

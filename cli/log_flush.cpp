#include "cli/log_flush.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "ipc/base/own_links.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

constexpr const char* kVerb = "empty";
constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

Result<UniqueFd> open_log(const std::string& path) {
    if (geteuid() == 0) return open_by_own_links(kVerb, path, kFlags);
    UniqueFd file(open(path.c_str(), kFlags));
    if (!file) return os_error(kVerb, path, errno);
    return file;
}

}  // namespace

Result<void> empty_log(const std::string& path) {
    struct stat status {};
    // A pipe that nobody reads could not even be opened.
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return {};
    const auto file = open_log(path);
    if (!file) return file.error().code == ErrorCode::NotFound ? Result<void>() : file.error();
    // What was opened may be something else by now.
    if (fstat(file->get(), &status) != 0) return os_error(kVerb, path, errno);
    if (S_ISREG(status.st_mode) && ftruncate(file->get(), 0) != 0) return os_error(kVerb, path, errno);
    return {};
}

}  // namespace kpm::cli

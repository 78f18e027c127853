#include "daemon/io/dump_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "ipc/base/unique_fd.h"

namespace kpm::io {
namespace {

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("write", path, errno);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_new(const std::string& path, const std::string& text) {
    // The dump holds the apps' whole environment, secrets included.
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return os_error("create", path, errno);
    if (const auto written = write_all(file.get(), text, path); !written) return written;
    if (::fsync(file.get()) != 0) return os_error("write", path, errno);
    return {};
}

}  // namespace

Result<void> write_dump_file(const ipc::Home& home, const std::string& text) {
    const std::string path = home.dump();
    const std::string fresh = path + ".new";
    const std::string backup = home.dump_backup();
    if (const auto written = write_new(fresh, text); !written) {
        ::unlink(fresh.c_str());
        return written;
    }
    ::unlink(backup.c_str());
    if (::link(path.c_str(), backup.c_str()) != 0 && errno != ENOENT) {
        const int error = errno;
        ::unlink(fresh.c_str());
        return os_error("keep", backup, error);
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return os_error("replace", path, errno);
    return {};
}

}  // namespace kpm::io

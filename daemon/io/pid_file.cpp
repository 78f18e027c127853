#include "daemon/io/pid_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "daemon/io/small_file.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

Result<void> write_pid_file(const std::string& path, pid_t pid, const FileOwner& owner) {
    const std::string text = std::to_string(pid);
    const auto size = static_cast<off_t>(text.size());
    const auto opened = open_app_file("write", path, O_WRONLY | O_CREAT | O_CLOEXEC | kNoWait, owner);
    if (!opened) return opened.error();
    const UniqueFd& file = *opened;
    struct stat before {};
    // Not at the opening: to give a block back and to take it again costs more than all the rest. And first,
    // so that nobody reads the end of another pid.
    const bool is_longer =
        ::fstat(file.get(), &before) == 0 && S_ISREG(before.st_mode) && before.st_size > size;
    if (is_longer && ::ftruncate(file.get(), 0) != 0) return os_error("write", path, errno);
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) return os_error("write", path, errno);
    if (written < size) return os_error("write", path, ENOSPC);
    return {};
}

void remove_pid_file(const std::string& path, pid_t pid, const FileOwner& owner) {
    const std::string text = read_small_file(path, 32);
    pid_t named = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), named).ec != std::errc{} || named <= 0)
        return;
    const bool is_free = pid != 0 ? named == pid : ::kill(named, 0) != 0 && errno == ESRCH;
    if (is_free) remove_app_file(path, owner);
}

}  // namespace kpm::io

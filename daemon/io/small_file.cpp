#include "daemon/io/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "ipc/base/unique_fd.h"

namespace kpm::io {
std::string read_small_file(const std::string& path, std::size_t limit) {
    constexpr std::size_t kStep = 4096;
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | kNoWait));
    std::string text;
    while (file && text.size() < limit) {
        const std::size_t before = text.size();
        // Files of /proc do not know their size.
        text.resize(before + std::min(limit - before, std::max(kStep, before)));
        const ssize_t size = ::read(file.get(), text.data() + before, text.size() - before);
        text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
    }
    return text;
}

Result<void> write_small_file(const std::string& path, std::string_view text) {
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | kNoWait, 0666));
    if (!file) return os_error("write", path, errno);
    while (!text.empty()) {
        const ssize_t size = ::write(file.get(), text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("write", path, errno);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
}

}  // namespace kpm::io

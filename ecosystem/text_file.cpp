#include "ecosystem/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "ipc/base/unique_fd.h"

namespace kpm::ecosystem {

Result<std::string> read_text_file(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return os_error("open", path, errno);
    struct stat info {};
    if (::fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode)) return os_error("read", path, EISDIR);
    std::string text;
    std::array<char, 65536> buffer;
    while (text.size() <= kMaxConfigSize) {
        const std::size_t wanted = std::min(buffer.size(), kMaxConfigSize + 1 - text.size());
        const ssize_t size = ::read(file.get(), buffer.data(), wanted);
        if (size == 0) break;
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("read", path, errno);
        text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return text;
}

}  // namespace kpm::ecosystem

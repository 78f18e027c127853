// Not with streams: libstdc++'s throw where a directory is read.
#include "render-worker/files/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "ipc/base/unique_fd.h"

namespace kpm::render {

Result<std::string> read_file(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return os_error("read", path, errno);
    std::string text;
    std::array<char, 65536> part;
    for (;;) {
        const ssize_t size = ::read(file.get(), part.data(), part.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("read", path, errno);
        if (size == 0) return text;
        text.append(part.data(), static_cast<std::size_t>(size));
    }
}

}  // namespace kpm::render

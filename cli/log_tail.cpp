#include "cli/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

constexpr std::size_t kBlock = 65536;
constexpr std::size_t kLongestLine = 1 << 20;

}  // namespace

Result<std::vector<std::string>> last_lines(const std::string& path, std::size_t count) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return os_error("open", path, errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return os_error("read", path, errno);
    if (!S_ISREG(status.st_mode) || count == 0) return std::vector<std::string>{};
    std::string text;
    // A newline at the very end closes the last line and opens none.
    std::size_t breaks = 0;
    const std::size_t needed = count + 1;
    for (auto left = static_cast<std::size_t>(status.st_size); left > 0 && breaks < needed;) {
        if (text.size() > count * kLongestLine) break;
        const std::size_t size = std::min(left, kBlock);
        left -= size;
        std::string block(size, '\0');
        const ssize_t got = pread(file.get(), block.data(), size, static_cast<off_t>(left));
        if (got < 0) return os_error("read", path, errno);
        block.resize(static_cast<std::size_t>(got));
        breaks += static_cast<std::size_t>(std::count(block.begin(), block.end(), '\n'));
        text.insert(0, block);
    }
    if (text.ends_with('\n'))
        text.pop_back();
    else if (text.empty())
        return std::vector<std::string>{};
    const auto parts = split(text, '\n');
    const std::size_t first = parts.size() > count ? parts.size() - count : 0;
    return std::vector<std::string>(parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end());
}

}  // namespace kpm::cli

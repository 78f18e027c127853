#include "cli/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

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
    std::vector<std::string> blocks;  // the last of the file comes first
    std::size_t total = 0, breaks = 0;
    const std::size_t limit = count > SIZE_MAX / kLongestLine ? SIZE_MAX : count * kLongestLine;
    // A newline at the very end closes the last line and opens none: so one more is needed.
    for (auto left = static_cast<std::size_t>(status.st_size); left > 0 && breaks <= count;) {
        if (total > limit) break;
        const std::size_t size = std::min(left, kBlock);
        left -= size;
        std::string block(size, '\0');
        const ssize_t got = pread(file.get(), block.data(), size, static_cast<off_t>(left));
        if (got < 0) return os_error("read", path, errno);
        block.resize(static_cast<std::size_t>(got));
        breaks += static_cast<std::size_t>(std::count(block.begin(), block.end(), '\n'));
        total += block.size();
        blocks.push_back(std::move(block));
    }
    std::string text;
    text.reserve(total);
    for (; !blocks.empty(); blocks.pop_back()) text += blocks.back();
    if (text.ends_with('\n'))
        text.pop_back();
    else if (text.empty())
        return std::vector<std::string>{};
    const auto parts = split(text, '\n');
    const std::size_t first = parts.size() > count ? parts.size() - count : 0;
    return std::vector<std::string>(parts.begin() + static_cast<std::ptrdiff_t>(first), parts.end());
}

}  // namespace kpm::cli

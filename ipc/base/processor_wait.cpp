#include "ipc/base/processor_wait.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm {
namespace {

constexpr std::size_t kMostProcesses = 256;

// The numbers at the beginning of a file of /proc; none when it cannot be read.
std::vector<std::int64_t> numbers_in(const std::string& path) {
    char buffer[4096];
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t size = file ? ::read(file.get(), buffer, sizeof buffer) : -1;
    std::vector<std::int64_t> numbers;
    if (size <= 0) return numbers;
    for (const std::string_view word : split(trim({buffer, static_cast<std::size_t>(size)}), ' ')) {
        std::int64_t number = 0;
        const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
        if (read.ec == std::errc()) numbers.push_back(number);
    }
    return numbers;
}

}  // namespace

std::chrono::nanoseconds processor_wait(pid_t process) {
    const auto numbers = numbers_in(fmt::format("/proc/{}/schedstat", process));
    return std::chrono::nanoseconds(numbers.size() < 2 ? 0 : numbers[1]);
}

std::chrono::nanoseconds processor_wait_in_tree(pid_t root) {
    auto longest = std::chrono::nanoseconds::zero();
    std::vector<pid_t> processes{root};
    for (std::size_t i = 0; i < processes.size() && i < kMostProcesses; ++i) {
        longest = std::max(longest, processor_wait(processes[i]));
        for (const std::int64_t child : numbers_in(fmt::format("/proc/{0}/task/{0}/children", processes[i])))
            processes.push_back(static_cast<pid_t>(child));
    }
    return longest;
}

}  // namespace kpm

#pragma once
// How many descriptors this process has open, to see that none is left behind.

#include <filesystem>
#include <iterator>

namespace kpm::test {

inline std::size_t count_open_fds() {
    using Iterator = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(Iterator("/proc/self/fd"), Iterator()));
}

}  // namespace kpm::test

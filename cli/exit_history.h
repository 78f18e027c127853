#pragma once
// The ends of an instance's processes that the daemon's log tells of. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kpm::cli {

struct PastExit {
    std::string time;   // as in the log
    std::string cause;  // "exit code 3", "signal SIGKILL", "cannot start …"
};

// At most `count`, oldest first.
std::vector<PastExit> exits_in(const std::vector<std::string>& lines, std::string_view name, std::int64_t id,
                               std::size_t count);

}  // namespace kpm::cli

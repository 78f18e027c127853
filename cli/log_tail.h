#pragma once
// The last lines of a log file, read from its end in blocks: the cost depends on the lines, not on the file.

#include <string>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::cli {

// Oldest first, without their newlines; an unterminated last line counts. A line longer than 1 MiB is cut at
// its start.
Result<std::vector<std::string>> last_lines(const std::string& path, std::size_t count);

}  // namespace kpm::cli

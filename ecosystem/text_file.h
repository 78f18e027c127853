#pragma once
// Reads a file that a user wrote, bounded: for configuration, not for data.

#include <string>

#include "ipc/base/result.h"

namespace kpm::ecosystem {

inline constexpr std::size_t kMaxConfigSize = 1 << 20;

// At most one byte more than kMaxConfigSize, which is enough for the readers to refuse it. Does not wait for
// the writer of a FIFO.
Result<std::string> read_text_file(const std::string& path);

}  // namespace kpm::ecosystem

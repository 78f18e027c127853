#pragma once
// Files of a few bytes to a few megabytes, read and written whole: of /proc and /sys, pid files, scripts of
// kpm's own. By system calls: streams would bring the whole of C++'s locales into the daemon, a third of its
// code. A FIFO in their place makes nobody wait: it is empty, and cannot be written.

#include <fcntl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::io {

// For opening a file by a name that the user chose: he may have put a FIFO or a terminal there, and the
// daemon waits for neither.
constexpr int kNoWait = O_NONBLOCK | O_NOCTTY;

// What is there, at most `limit` bytes; "" when it cannot be read.
std::string read_small_file(const std::string& path, std::size_t limit = std::size_t{16} << 20);
// In the place of what was there.
Result<void> write_small_file(const std::string& path, std::string_view text);

}  // namespace kpm::io

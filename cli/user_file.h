#pragma once
// Files that belong to the user rather than to kpm (shell profiles, settings, service files): read whole,
// replaced whole, never left half written.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::cli {

// NotFound when it is not there.
Result<std::string> read_user_file(const std::string& path);
// Makes the folder when it is missing. A link is followed: what it points to is replaced, and keeps its mode.
Result<void> write_user_file(const std::string& path, std::string_view text, mode_t mode = 0644);

}  // namespace kpm::cli

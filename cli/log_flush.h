#pragma once
// Emptying a log file that may lie in a folder of somebody else's.

#include <string>

#include "ipc/base/result.h"

namespace kpm::cli {

// As root through no link but root's own: it would otherwise empty whatever file an app's own user points to
// from its folder. Fine is also: no such file, and none that holds anything (a device, a pipe).
Result<void> empty_log(const std::string& path);

}  // namespace kpm::cli

#pragma once
// Emptying a log file that may lie in a folder of somebody else's.

#include <sys/types.h>

#include <functional>
#include <string>

#include "ipc/base/result.h"

namespace kpm::cli {

using IsTrusted = std::function<bool(uid_t owner)>;

// Links on the way are followed only when their owner is trusted: as root one would otherwise empty whatever
// file an app's own user points to from its folder. Fine is also: no such file, and none that holds anything
// (a device, a pipe).
Result<void> empty_log(const std::string& path, const IsTrusted& is_trusted);

// root, who may point to anything anyway, and whoever runs this.
bool is_own_or_roots(uid_t owner);

}  // namespace kpm::cli

#pragma once
// The line about the machine under the process list. Pure.

#include <string>

#include "cli/terminal.h"
#include "ipc/base/json.h"

namespace kpm::cli {

// "" when the daemon measures nothing (an empty object, or no CPU value yet). Without disks when condensed.
std::string host_line(const Json& system_data, bool condensed, const Paint& paint);

}  // namespace kpm::cli

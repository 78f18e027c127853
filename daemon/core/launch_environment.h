#pragma once
// The environment that a process is started with. Pure.

#include <string>
#include <vector>

#include "daemon/core/settings.h"
#include "daemon/core/slot.h"

namespace kpm::core {

// PM2's: each text, number and flag of pm2_env, with the app's own variables on top, then what kpm itself
// tells its apps. "NAME=value", each name once.
std::vector<std::string> launch_environment(const Slot& slot, const Settings& settings);

}  // namespace kpm::core

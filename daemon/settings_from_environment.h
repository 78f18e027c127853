#pragma once
// The daemon's settings from its environment variables (PM2_KILL_TIMEOUT, PM2_KILL_SIGNAL, …): read once, at
// its start. A value that cannot be read counts as not set.

#include "daemon/core/settings.h"
#include "ipc/home.h"

namespace kpm {

core::Settings settings_from_environment(const ipc::Home& home);

}  // namespace kpm

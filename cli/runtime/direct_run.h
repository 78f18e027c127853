#pragma once
// USE_PM2=false: the container's process becomes the app.

#include "cli/command.h"
#include "ecosystem/app_config.h"

namespace kpm::cli {

// Comes back only when the app cannot be executed: an exit code, 127 when it is not there, 126 otherwise.
int become(const Context& context, const ecosystem::AppConfig& app);

}  // namespace kpm::cli

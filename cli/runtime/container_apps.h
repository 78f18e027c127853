#pragma once
// The apps that a container was told to run, as they will run: read from the command line or a configuration
// file, with the environment's number of instances, resolved, and without log files unless they name some.
// All or none: one that cannot be started is an error of the whole.

#include <optional>
#include <vector>

#include "cli/command.h"
#include "ecosystem/app_config.h"

namespace kpm::cli {

// Prints warnings, and the error when there is nothing to give.
std::optional<std::vector<ecosystem::AppConfig>> container_apps(Context& context);

// Asks the session's daemon to start them, and does not wait until they are up. An exit code.
int start_container_apps(Context& context, const std::vector<ecosystem::AppConfig>& apps);

}  // namespace kpm::cli

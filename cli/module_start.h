#pragma once
// Starts modules in the daemon of the session: what `install` ends with, and what a new daemon begins with.

#include "cli/command.h"
#include "cli/modules.h"

namespace kpm::cli {

// What is said of modules, with PM2's mark.
void say_of_module(const Context& context, std::string_view text);
int fail_of_module(const Context& context, std::string_view text);

// Processes of the same names are replaced. False: an app could not be started, and that was said.
bool start_module(Context& context, const Module& module);
// Those of the list in module_conf.json that do not run. What goes wrong is said, and hinders nothing else.
void start_installed_modules(Context& context);

}  // namespace kpm::cli

#pragma once
// Names of an app's log and pid files by PM2's rules. Pure.

#include <string>
#include <string_view>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// Every character outside [A-Za-z0-9.\-] and the backslash becomes '-': "my_app" -> "my-app".
std::string file_name_of(std::string_view app_name);

// "x.log" and "x-3.log" -> "x-<pm_id>.log"; other paths are left as they are.
std::string instance_log_path(std::string_view path, unsigned pm_id);
// The same for ".pid".
std::string instance_pid_path(std::string_view path, unsigned pm_id);

// "/dev/null" and "NULL" switch a log off.
bool is_no_log(std::string_view path);

// Gives a resolved config the paths of one instance: pid always, logs unless merge_logs.
void set_instance_paths(AppConfig& config, unsigned pm_id);

}  // namespace kpm::ecosystem

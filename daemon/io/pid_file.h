#pragma once
// The file with an app's pid that PM2's users know (pid_file). Written over at each restart and removed when
// the app rests: making a file anew is the dearest part of a restart.

#include <sys/types.h>

#include <string>

#include "daemon/io/app_file.h"
#include "ipc/base/result.h"

namespace kpm::io {

Result<void> write_pid_file(const std::string& path, pid_t pid, const FileOwner& owner = {});

// If it is that process's; with pid 0 (of a launch that failed), if the process that it names is no more.
// Another may have written its own: the successor in a reload, or an app with the same pid_file.
void remove_pid_file(const std::string& path, pid_t pid, const FileOwner& owner = {});

}  // namespace kpm::io

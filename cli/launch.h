#pragma once
// Starts the daemon of a home when none answers there: runs kpm-keeper, which goes to the background by
// itself and starts kpmd, and waits for the word that kpmd serves its sockets.
//
// The keeper gets KPM_READY_FD, the number of a pipe into which "ready\n" or "error: <text>\n" is written
// once.

#include <sys/types.h>

#include <string>
#include <vector>

#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::cli {

// Unavailable: not ready within ten seconds, or the daemon said why it cannot start. Exists: another keeper
// has the home.
Result<void> launch_daemon(const ipc::Home& home);

// The same in the foreground: the keeper is this process's child and ends (stopping its apps) with it.
// `variables` ("NAME=value") are added to the daemon's environment. The keeper's pid.
Result<pid_t> launch_daemon_here(const ipc::Home& home, std::vector<std::string> variables);

}  // namespace kpm::cli

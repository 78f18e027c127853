#pragma once
// A script that kpmd has Node load into the workers of cluster apps before the app (NODE_OPTIONS=--require).
// When such a worker is told to disconnect, it answers what comes on keep-alive connections with `Connection:
// close` and gives idle ones a second: Node alone would cut them at once, and with them the requests that are
// on their way. Does nothing until then, and removes itself from the environment that the app's own children
// get.

#include <string>
#include <vector>

#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::io {

// Writes the script into the home. -> its path, without symbolic links.
Result<std::string> write_node_preload(const ipc::Home& home);

// In front of the app's own NODE_OPTIONS.
void add_node_preload(std::vector<std::string>& env, const std::string& path);

}  // namespace kpm::io

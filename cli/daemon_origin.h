#pragma once
// Which installation a running daemon belongs to: its keeper's command line tells.

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace kpm::cli {

struct DaemonOrigin {
    pid_t keeper = 0;
    std::filesystem::path daemon;  // the program that the keeper starts, now and when that has died
};

// nullopt: the daemon is gone, or its parent is no keeper.
std::optional<DaemonOrigin> origin_of(pid_t daemon);

}  // namespace kpm::cli

#pragma once
// What the daemon's environment sets for all apps (PM2_KILL_TIMEOUT and so on); an app's own attribute wins.

#include <string>
#include <vector>

#include "daemon/core/time.h"

namespace kpm::core {

struct Settings {
    std::string home;
    std::string notify_socket;  // what apps find in NOTIFY_SOCKET, "" = there is none
    int pid = 0;                // the daemon's own
    std::string user;
    unsigned uid = 0, gid = 0;
    EpochTime started_at{};
    int stop_signal = 2;               // PM2_KILL_SIGNAL
    Duration kill_timeout{1600};       // PM2_KILL_TIMEOUT
    Duration listen_timeout{3000};     // PM2_GRACEFUL_LISTEN_TIMEOUT
    Duration memory_interval{30'000};  // PM2_WORKER_INTERVAL: between two looks at apps with a memory limit
    Duration backoff_reset{30'000};  // EXP_BACKOFF_RESET_TIMER: an uptime after which the backoff starts over
    bool stops_by_message = false;   // PM2_KILL_USE_MESSAGE: as if every app had shutdown_with_message
    std::string instance_var;        // PM2_PROCESS_INSTANCE_VAR: instead of every app's, "" = not
    unsigned cpus = 1;               // what `instances: 0` means
    std::vector<std::string> node_options;  // PM2_NODE_OPTIONS, in words
};

}  // namespace kpm::core

#pragma once
// Which apps tell that they are ready, by a word of their own or by their probes. Of resolved configurations.
// Pure.

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// It is handed its connections over KPM_CHANNEL_FD.
bool takes_channel(const AppConfig& config);
// Its instances are workers by Node's cluster protocol.
bool is_node_cluster(const AppConfig& config);
// It says itself that it is ready.
bool says_ready(const AppConfig& config);
// It is online when that is told, by its word or by its probes, or given up when it is not in time; any other
// at once.
bool tells_ready(const AppConfig& config);

}  // namespace kpm::ecosystem

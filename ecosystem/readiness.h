#pragma once
// Which apps say themselves that they are ready. Of resolved configurations. Pure.

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// It is handed its connections over KPM_CHANNEL_FD.
bool takes_channel(const AppConfig& config);
// Its instances are workers by Node's cluster protocol.
bool is_node_cluster(const AppConfig& config);
// It is online when it has said so, or given up when it has not in time; any other at once.
bool tells_ready(const AppConfig& config);

}  // namespace kpm::ecosystem

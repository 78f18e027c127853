#pragma once
// What a slot's process is started with, and how it is watched: from its configuration. Pure.

#include "daemon/core/host.h"
#include "daemon/core/lifecycle.h"
#include "daemon/core/settings.h"
#include "daemon/core/slot.h"
#include "ecosystem/readiness.h"

namespace kpm::core {

LifecyclePolicy lifecycle_policy(const ecosystem::AppConfig& config, const Settings& settings);
// A reload's new process is not restarted when it dies: that is the reload's failure.
LifecyclePolicy incoming_policy(const ecosystem::AppConfig& config, const Settings& settings);

// `instance`: the one of the slot that is launched.
LaunchSpec launch_spec(const Slot& slot, const Instance& instance, const Settings& settings);

// The app's listening sockets; nullopt when kpmd holds none for it.
std::optional<PoolSpec> pool_spec(const ecosystem::AppConfig& config);

using ecosystem::is_node_cluster;

// Socket activation: its processes inherit the sockets that kpmd listens on.
bool is_activated(const ecosystem::AppConfig& config);

// True when another process can take over while the old one still serves.
bool can_hand_over(const ecosystem::AppConfig& config);

}  // namespace kpm::core

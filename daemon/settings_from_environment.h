#pragma once
// The daemon's settings from its environment variables (PM2_KILL_TIMEOUT, PM2_KILL_SIGNAL, …): read once, at
// its start. A value that cannot be read counts as not set.

#include <optional>

#include "daemon/core/settings.h"
#include "daemon/io/socket_listener.h"
#include "ipc/home.h"

namespace kpm {

core::Settings settings_from_environment(const ipc::Home& home);
// PM2_SOCKET_USER and PM2_SOCKET_GROUP, numbers; both or none.
std::optional<io::SocketOwner> socket_owner_from_environment();

}  // namespace kpm

#pragma once
// How a process that inherits listening sockets is told of them. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kpm::core {

// "NAME=value" lines for sockets of these addresses (as configured) on descriptors from `first` on: systemd's
// LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID (empty: the keeper puts the pid in); for nginx and php-fpm, which
// do not read those, what they hand to themselves when they are upgraded (NGINX, FPM_SOCKETS). An address
// without a name is called as the app.
std::vector<std::string> activation_variables(std::string_view program, std::string_view app,
                                              std::span<const std::string> listen, int first);

}  // namespace kpm::core

#pragma once
// Who holds a TCP port, for error texts: the listening socket's inode out of /proc/net/tcp and tcp6, then the
// process that has it open. nullopt when nobody does, or its /proc entries may not be read, or it is in
// another namespace.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace kpm::io {

struct PortHolder {
    pid_t pid = 0;
    std::string command;  // /proc/PID/comm
};

std::optional<PortHolder> find_port_holder(std::uint16_t port);

}  // namespace kpm::io

#pragma once
// The worker's word to its supervisor (kpmd or systemd): the protocol of sd_notify(3), see docs/protocol.md.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/unique_fd.h"

namespace kpm::render {

class NotifySocket {
public:
    // Of NOTIFY_SOCKET, a path or @name. Without it, and with one that cannot be used, nothing is ever sent.
    NotifySocket();

    // E.g. "WATCHDOG=1". Never waits: what the supervisor does not take at once is dropped.
    void send(std::string_view text);

private:
    UniqueFd socket_;
    std::string address_;  // a sockaddr_un; not connected to, so that a new socket there is reached too
};

// How long the supervisor bears silence: WATCHDOG_USEC, if WATCHDOG_PID does not name another process.
// nullopt: there is no watchdog.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace kpm::render

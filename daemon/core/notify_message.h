#pragma once
// One datagram that an app sends to NOTIFY_SOCKET: lines of KEY=value, as sd_notify(3) of systemd describes
// them. Pure. Whoever calls has checked who sent it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/time.h"
#include "ipc/base/result.h"

namespace kpm::core {

inline constexpr std::size_t kMaxNotification = 4096;  // bytes, as systemd has it

struct Notification {
    enum class Watchdog { None, Ping, Trip };

    bool is_ready = false;               // READY=1
    bool is_stopping = false;            // STOPPING=1
    std::optional<std::string> status;   // STATUS=, valid UTF-8 as it came; "" takes it back
    Watchdog watchdog = Watchdog::None;  // WATCHDOG=1, WATCHDOG=trigger
    std::optional<Duration> interval;    // WATCHDOG_USEC=, 0 = no watchdog
    std::optional<Duration> more_time;   // EXTEND_TIMEOUT_USEC=

    bool operator==(const Notification&) const = default;
};

// Unknown keys and values that make no sense are passed over; of a key that comes twice the first counts.
// Invalid: longer than kMaxNotification, or a NUL byte before the end.
Result<Notification> parse_notification(std::string_view text);

}  // namespace kpm::core

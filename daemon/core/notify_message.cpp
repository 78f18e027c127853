#include "daemon/core/notify_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "ecosystem/utf8.h"

namespace kpm::core {
namespace {

constexpr Duration kLongest = std::chrono::hours{24 * 365};

// Rounded up, so that no time but 0 becomes 0. A longer one than kLongest is taken for that.
std::optional<Duration> parse_microseconds(std::string_view text) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    const auto most = static_cast<std::uint64_t>(kLongest.count());
    return Duration{static_cast<Duration::rep>(std::min(count / 1000 + (count % 1000 != 0), most))};
}

std::optional<Duration> parse_interval(std::string_view text) {
    // systemd's USEC_INFINITY
    if (text == std::to_string(std::numeric_limits<std::uint64_t>::max())) return Duration{0};
    return parse_microseconds(text);
}

void take(Notification& known, std::string_view key, std::string_view value) {
    using Watchdog = Notification::Watchdog;
    if (key == "READY") {
        known.is_ready |= value == "1";
    } else if (key == "STOPPING") {
        known.is_stopping |= value == "1";
    } else if (key == "STATUS") {
        if (!known.status && ecosystem::find_invalid_utf8(value) == value.size()) known.status = value;
    } else if (key == "WATCHDOG") {
        if (known.watchdog != Watchdog::None) return;
        if (value == "1") known.watchdog = Watchdog::Ping;
        if (value == "trigger") known.watchdog = Watchdog::Trip;
    } else if (key == "WATCHDOG_USEC") {
        if (!known.interval) known.interval = parse_interval(value);
    } else if (key == "EXTEND_TIMEOUT_USEC") {
        if (!known.more_time) known.more_time = parse_microseconds(value);
    }
}

}  // namespace

Result<Notification> parse_notification(std::string_view text) {
    if (text.size() > kMaxNotification)
        return Error{ErrorCode::Invalid, fmt::format("it has more than {} bytes", kMaxNotification)};
    if (text.ends_with('\0')) text.remove_suffix(1);  // a sender in C may count it
    if (text.find('\0') != std::string_view::npos)
        return Error{ErrorCode::Invalid, "it has a NUL byte in it"};
    Notification notification;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos)
            take(notification, line.substr(0, equals), line.substr(equals + 1));
    }
    return notification;
}

}  // namespace kpm::core

#pragma once
// A date in the place of a cron pattern: the app is restarted at that time, once. Pure.
//
// 2026-12-01T10:00:00, local time; with Z behind it UTC, with +02:00 that offset. As in croner, the package
// behind PM2's cron_restart, a colon tells a date from a pattern, a blank may stand for the T, and the
// numbers need no leading zeros; unlike there, an offset counts (croner drops it without a word) and nothing
// else may follow.

#include <chrono>
#include <optional>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::core {

struct CronDate {
    std::chrono::local_seconds time;
    std::optional<std::chrono::seconds> offset;  // from UTC; none: of the zone that the caller brings

    bool operator==(const CronDate&) const = default;
};

// No pattern has a colon.
bool is_cron_date(std::string_view text);

// The error says: cannot parse '<text>': <reason>.
Result<CronDate> parse_cron_date(std::string_view text);

}  // namespace kpm::core

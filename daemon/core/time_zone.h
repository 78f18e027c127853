#pragma once
// A time zone: which offset from UTC holds at an instant, and which instants a local time stands for. Made
// from the bytes of a TZif file (RFC 8536, versions 1 to 3: what zoneinfo holds) or from a POSIX rule. Pure:
// daemon/io/zone_file reads the files.

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/core/time.h"
#include "daemon/core/time_zone_rule.h"
#include "ipc/base/result.h"

namespace kpm::core {

// What a local time stands for. Clocks put forward leave a gap, clocks put back an overlap.
struct LocalLookup {
    enum class Kind { Once, Never, Twice } kind = Kind::Once;
    // The instant; of two the first; of none the end of the gap.
    std::chrono::sys_seconds first;
    // The instant; of two the second; of none the end of the gap.
    std::chrono::sys_seconds second;
    // A later local time: where the clock goes on after the gap, else where it changes first after `first`.
    std::chrono::local_seconds resume;

    bool operator==(const LocalLookup&) const = default;
};

class TimeZone {
public:
    TimeZone() = default;  // UTC

    // The error is only the reason; the caller knows what the bytes or the rule are called.
    static Result<TimeZone> parse_tzif(std::string_view bytes);
    static Result<TimeZone> parse_rule(std::string_view rule);

    std::chrono::seconds offset_at(EpochTime time) const;
    std::chrono::local_seconds to_local(EpochTime time) const;
    std::chrono::local_seconds to_local(std::chrono::sys_seconds time) const;
    LocalLookup look_up(std::chrono::local_seconds local) const;

    bool operator==(const TimeZone&) const = default;

private:
    struct Transition {
        std::chrono::sys_seconds at;
        std::chrono::seconds offset;  // from then on

        bool operator==(const Transition&) const = default;
    };

    ZonePeriod period_at(std::chrono::sys_seconds time) const;

    std::chrono::seconds first_offset_{0};  // before the first transition
    std::vector<Transition> transitions_;   // ascending
    std::optional<TimeZoneRule> rule_;      // after the last transition

    friend class TzifReader;
};

}  // namespace kpm::core

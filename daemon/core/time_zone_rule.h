#pragma once
// The rule of a time zone that follows the last change a TZif file lists, in POSIX's notation:
// "CET-1CEST,M3.5.0,M10.5.0/3". Pure.

#include <chrono>
#include <optional>
#include <string_view>

namespace kpm::core {

// A stretch of time with one offset from UTC: `begin` belongs to it, `end` does not.
struct ZonePeriod {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset{0};

    bool operator==(const ZonePeriod&) const = default;
};

// The ends of time: far enough for every file, near enough to add an offset.
inline constexpr std::chrono::sys_seconds kBeginningOfTime{std::chrono::seconds{-(1LL << 60)}};
inline constexpr std::chrono::sys_seconds kEndOfTime{std::chrono::seconds{1LL << 60}};

struct TimeZoneRule {
    struct Change {
        enum class Day {
            DayOfYear,      // n: from 0, February 29 counts
            JulianDay,      // Jn: from 1, February 29 never counts
            WeekdayOfMonth  // Mm.w.d: week 5 is the last
        } day = Day::WeekdayOfMonth;
        int number = 0;  // of the first two kinds
        unsigned month = 1, week = 1, weekday = 0;
        std::chrono::seconds time{2 * 3600};  // local time of that day, may lie outside of it

        bool operator==(const Change&) const = default;
    };
    struct Daylight {
        std::chrono::seconds offset{0};
        Change start, end;

        bool operator==(const Daylight&) const = default;
    };

    std::chrono::seconds standard{0};  // east of UTC is positive
    std::optional<Daylight> daylight;

    // nullopt: not such a rule.
    static std::optional<TimeZoneRule> parse(std::string_view text);

    // Daylight saving time is known for the years 0 to 9999.
    ZonePeriod period_at(std::chrono::sys_seconds time) const;

    bool operator==(const TimeZoneRule&) const = default;
};

}  // namespace kpm::core

#pragma once
// The text of a cron schedule as sets of numbers. Pure.
//
//            minute hour day-of-month month day-of-week
//     second minute hour day-of-month month day-of-week
//     second minute hour day-of-month month day-of-week year
//
// A field is a list of * , 5 , 1-5 , */10 , 1-30/10 and 5/10 (from 5 on). Months and days of the week have
// names (JAN, mon), 7 is Sunday too, ? is the time at which the schedule was made. Day of month: L is the
// last one, 15W the weekday nearest to the 15th within the month, LW the last weekday. Day of week: FRI#2 is
// the second Friday of the month, FRI#L the last.
// @yearly @annually @monthly @weekly @daily @midnight @hourly stand for whole schedules.
//
// This is what PM2's cron_restart takes (the package croner 4), and what later versions of croner added. A
// day must fit day of month *and* day of week, as in that version; a leading + (croner's sign for "and")
// changes nothing.

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::core {

// Bit n of a set stands for the number n.
struct CronFields {
    std::uint64_t seconds = 0;
    std::uint64_t minutes = 0;
    std::uint64_t hours = 0;
    std::uint64_t days = 0;  // from 1
    std::uint64_t nearest_weekday_to = 0;
    bool last_day = false;
    bool last_weekday = false;  // Monday to Friday
    std::uint64_t months = 0;   // from 1
    // By weekday, Sunday = 0: in which weeks of the month it counts; bits 1 to 5, and kLastWeek.
    std::array<std::uint8_t, 7> weeks{};
    std::vector<bool> years;  // by year; empty = all

    bool operator==(const CronFields&) const = default;
};

inline constexpr std::uint8_t kLastWeek = 1 << 6;
inline constexpr std::uint8_t kEveryWeek = 0b111110;
inline constexpr int kFirstCronYear = 1970;
inline constexpr int kLastCronYear = 9999;

// `made` is the local time that ? stands for. The error says: cannot parse '<text>': <reason, with the
// field>.
Result<CronFields> parse_cron(std::string_view text, std::chrono::local_seconds made);

}  // namespace kpm::core

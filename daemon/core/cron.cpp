#include "daemon/core/cron.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace kpm::core {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::weekday;
using std::chrono::year;
using std::chrono::year_month;
using std::chrono::years;

constexpr years kCalendarCycle{400};

// The smallest number of the set that is not below `from`.
std::optional<int> first_from(std::uint64_t set, int from) {
    const std::uint64_t rest = from < 64 ? set >> from : 0;
    if (rest == 0) return std::nullopt;
    return from + std::countr_zero(rest);
}

// Of the day within its month; a Saturday becomes the Friday before, a Sunday the Monday after.
unsigned nearest_weekday(unsigned day, unsigned last, weekday on) {
    if (on == std::chrono::Saturday) return day > 1 ? day - 1 : day + 2;
    if (on == std::chrono::Sunday) return day < last ? day + 1 : day - 2;
    return day;
}

// The days of that month on which the schedule runs.
std::uint64_t days_in(const CronFields& fields, year_month month) {
    const std::chrono::year_month_day_last end = month / std::chrono::last;
    const auto last = static_cast<unsigned>(end.day());
    assert(last >= 28);
    const weekday first_weekday{local_days{month / 1}};
    std::uint64_t by_date = fields.days;
    std::uint64_t by_weekday = 0;
    if (fields.last_day) by_date |= std::uint64_t{1} << last;
    for (unsigned day = 1; day <= last; ++day) {
        const weekday on = first_weekday + days{day - 1};
        const std::uint8_t weeks = fields.weeks[on.c_encoding()];
        const unsigned week = (day - 1) / 7 + 1;
        if ((weeks >> week & 1) != 0 || ((weeks & kLastWeek) != 0 && day + 7 > last))
            by_weekday |= std::uint64_t{1} << day;
        if ((fields.nearest_weekday_to >> day & 1) != 0 || (fields.last_weekday && day == last))
            by_date |= std::uint64_t{1} << nearest_weekday(day, last, on);
    }
    return by_date & by_weekday;
}

// The first time of a day that is not before `from`.
std::optional<seconds> time_from(const CronFields& fields, seconds from) {
    const std::chrono::hh_mm_ss clock{from};
    const auto from_hour = static_cast<int>(clock.hours().count());
    const auto from_minute = static_cast<int>(clock.minutes().count());
    for (auto hour = first_from(fields.hours, from_hour); hour; hour = first_from(fields.hours, *hour + 1)) {
        const bool same_hour = *hour == from_hour;
        for (auto minute = first_from(fields.minutes, same_hour ? from_minute : 0); minute;
             minute = first_from(fields.minutes, *minute + 1)) {
            const bool same_minute = same_hour && *minute == from_minute;
            const auto second =
                first_from(fields.seconds, same_minute ? static_cast<int>(clock.seconds().count()) : 0);
            if (second) return seconds{*hour * 3600 + *minute * 60 + *second};
        }
    }
    return std::nullopt;
}

// The first day that is not before `from` and not after the year `until`.
std::optional<local_days> day_from(const CronFields& fields, local_days from, year until) {
    const std::chrono::year_month_day date{from};
    auto first_day = static_cast<int>(static_cast<unsigned>(date.day()));
    for (year_month month = date.year() / date.month(); month.year() <= until; first_day = 1) {
        const auto number = static_cast<std::size_t>(static_cast<int>(month.year()));
        if (!fields.years.empty() && !fields.years[number]) {
            month = (month.year() + years{1}) / std::chrono::January;
            continue;
        }
        if ((fields.months >> static_cast<unsigned>(month.month()) & 1) != 0) {
            const auto day = first_from(days_in(fields, month), first_day);
            if (day) return local_days{month / *day};
        }
        month += std::chrono::months{1};
    }
    return std::nullopt;
}

std::optional<local_seconds> local_time_from(const CronFields& fields, local_seconds from, year until) {
    const local_days today = floor<days>(from);
    const auto day = day_from(fields, today, until);
    if (!day) return std::nullopt;
    if (*day > today) return *day + *time_from(fields, seconds{0});
    if (const auto time = time_from(fields, from - today)) return today + *time;
    const auto later = day_from(fields, today + days{1}, until);
    if (!later) return std::nullopt;
    return *later + *time_from(fields, seconds{0});
}

std::optional<std::chrono::sys_seconds> date_after(const CronDate& date, std::chrono::sys_seconds now,
                                                   const TimeZone& zone) {
    std::chrono::sys_seconds at;
    if (date.offset) {
        at = std::chrono::sys_seconds{date.time.time_since_epoch()} - *date.offset;
    } else {
        const LocalLookup found = zone.look_up(date.time);
        if (found.kind == LocalLookup::Kind::Never) return std::nullopt;
        at = found.first;
    }
    return at > now ? std::optional(at) : std::nullopt;
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text, local_seconds made) {
    if (is_cron_date(text)) {
        const Result<CronDate> date = parse_cron_date(text);
        if (!date) return date.error();
        return CronSchedule(*date);
    }
    Result<CronFields> fields = parse_cron(text, made);
    if (!fields) return fields.error();
    return CronSchedule(*std::move(fields));
}

std::optional<EpochTime> CronSchedule::next_after(EpochTime after, const TimeZone& zone) const {
    using std::chrono::milliseconds;
    // A clock before 1970 is as good as one at 1970; after the last year there is nothing.
    constexpr std::int64_t kLastTime =
        milliseconds{local_days{year{kLastCronYear + 1} / 1 / 1}.time_since_epoch()}.count();
    if (after.since_epoch >= kLastTime) return std::nullopt;
    after = std::max(after, EpochTime{-1});
    const auto now = floor<seconds>(std::chrono::sys_time<milliseconds>(milliseconds{after.since_epoch}));
    if (const auto* date = std::get_if<CronDate>(&times_)) {
        const auto at = date_after(*date, now, zone);
        if (!at) return std::nullopt;
        return EpochTime{milliseconds{at->time_since_epoch()}.count()};
    }

    const auto& fields = std::get<CronFields>(times_);
    local_seconds from = zone.to_local(now) + seconds{1};
    const year this_year = std::chrono::year_month_day{floor<days>(from)}.year();
    const year last_year{kLastCronYear};
    const year until = fields.years.empty() ? std::min(last_year, this_year + kCalendarCycle) : last_year;
    while (const auto local = local_time_from(fields, from, until)) {
        const LocalLookup found = zone.look_up(*local);
        if (found.kind != LocalLookup::Kind::Never && found.first > now)
            return EpochTime{milliseconds{found.first.time_since_epoch()}.count()};
        from = found.resume;  // in a gap, or the second time of this hour
    }
    return std::nullopt;
}

}  // namespace kpm::core

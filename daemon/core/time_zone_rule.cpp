#include "daemon/core/time_zone_rule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace kpm::core {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;
using Change = TimeZoneRule::Change;

constexpr year kFirstYear{0};
constexpr year kLastYear{9999};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Reads the notation from left to right. Each function returns nullopt or false for what does not fit.
class RuleReader {
public:
    explicit RuleReader(std::string_view text) : rest_(text) {}

    std::optional<TimeZoneRule> read() {
        TimeZoneRule rule;
        if (!skip_name()) return std::nullopt;
        const auto west = read_time(24);
        if (!west) return std::nullopt;
        rule.standard = -*west;
        if (!rest_.empty()) {
            rule.daylight = read_daylight(rule.standard);
            if (!rule.daylight || !rest_.empty()) return std::nullopt;
        }
        return rule;
    }

private:
    std::optional<TimeZoneRule::Daylight> read_daylight(seconds standard) {
        TimeZoneRule::Daylight daylight{.offset = standard + seconds{3600}, .start = {}, .end = {}};
        if (!skip_name()) return std::nullopt;
        if (!rest_.empty() && rest_.front() != ',') {
            const auto west = read_time(24);
            if (!west) return std::nullopt;
            daylight.offset = -*west;
        }
        if (rest_.empty()) {  // POSIX leaves the days open; everybody takes these
            daylight.start = {.month = 3, .week = 2};
            daylight.end = {.month = 11, .week = 1};
            return daylight;
        }
        const auto start = read_change();
        const auto end = start ? read_change() : std::nullopt;
        if (!end) return std::nullopt;
        daylight.start = *start;
        daylight.end = *end;
        return daylight;
    }

    std::optional<Change> read_change() {
        Change change;
        if (!skip(',')) return std::nullopt;
        if (skip('M')) {
            const auto month = read_number(1, 12);
            const auto week = month && skip('.') ? read_number(1, 5) : std::nullopt;
            const auto weekday = week && skip('.') ? read_number(0, 6) : std::nullopt;
            if (!weekday) return std::nullopt;
            change.month = static_cast<unsigned>(*month);
            change.week = static_cast<unsigned>(*week);
            change.weekday = static_cast<unsigned>(*weekday);
        } else {
            const bool julian = skip('J');
            const auto number = julian ? read_number(1, 365) : read_number(0, 365);
            if (!number) return std::nullopt;
            change.day = julian ? Change::Day::JulianDay : Change::Day::DayOfYear;
            change.number = *number;
        }
        if (skip('/')) {
            const auto time = read_time(167);
            if (!time) return std::nullopt;
            change.time = *time;
        }
        return change;
    }

    // [+-]hh[:mm[:ss]]
    std::optional<seconds> read_time(int most_hours) {
        const bool negative = skip('-');
        if (!negative) skip('+');
        const auto hours = read_number(0, most_hours);
        if (!hours) return std::nullopt;
        int total = *hours * 3600;
        for (int unit = 60; unit >= 1 && skip(':'); unit /= 60) {
            const auto part = read_number(0, 59);
            if (!part) return std::nullopt;
            total += *part * unit;
        }
        return seconds{negative ? -total : total};
    }

    std::optional<int> read_number(int least, int most) {
        int number = 0;
        if (rest_.empty() || !is_digit(rest_.front())) return std::nullopt;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
        if (error != std::errc{} || number < least || number > most) return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return number;
    }

    // CEST or <+0330>
    bool skip_name() {
        const bool quoted = skip('<');
        const auto ends = [&](char c) {
            return !is_letter(c) && !(quoted && (is_digit(c) || c == '+' || c == '-'));
        };
        const auto length = static_cast<std::size_t>(std::ranges::find_if(rest_, ends) - rest_.begin());
        rest_.remove_prefix(length);
        return length >= 3 && (!quoted || skip('>'));
    }

    bool skip(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view rest_;
};

sys_days day_of(const Change& change, year in) {
    const sys_days new_year{in / 1 / 1};
    switch (change.day) {
        case Change::Day::DayOfYear:
            return new_year + days{change.number};
        case Change::Day::JulianDay:
            return new_year + days{change.number - (in.is_leap() && change.number >= 60 ? 0 : 1)};
        case Change::Day::WeekdayOfMonth:
            break;
    }
    const std::chrono::weekday weekday{change.weekday};
    const auto month = in / static_cast<int>(change.month);
    if (change.week == 5) return sys_days{month / weekday[std::chrono::last]};
    return sys_days{month / weekday[change.week]};
}

}  // namespace

std::optional<TimeZoneRule> TimeZoneRule::parse(std::string_view text) {
    return RuleReader(text).read();
}

ZonePeriod TimeZoneRule::period_at(sys_seconds time) const {
    if (!daylight) return {kBeginningOfTime, kEndOfTime, standard};
    constexpr sys_seconds begin{sys_days{kFirstYear / 1 / 1}};
    constexpr sys_seconds end{sys_days{(kLastYear + std::chrono::years{1}) / 1 / 1}};
    if (time < begin) return {kBeginningOfTime, begin, standard};
    if (time >= end) return {end, kEndOfTime, standard};

    // A change may lie a week outside of its year, so the years beside the neighbours are looked at too.
    const year in = std::chrono::year_month_day{floor<days>(time)}.year();
    struct Turn {
        sys_seconds at;
        bool starts;  // the end of one year's daylight time may be the start of the next: then it never ends
    };
    std::array<Turn, 10> turns;
    std::size_t count = 0;
    for (year y = in - std::chrono::years{2}; y <= in + std::chrono::years{2}; ++y) {
        turns[count++] = {day_of(daylight->start, y) + daylight->start.time - standard, true};
        turns[count++] = {day_of(daylight->end, y) + daylight->end.time - daylight->offset, false};
    }
    std::ranges::sort(turns, {}, [](const Turn& turn) { return std::pair(turn.at, turn.starts); });
    const auto next = std::ranges::upper_bound(turns, time, {}, &Turn::at);
    const Turn& last = *std::prev(next);
    return {std::max(begin, last.at), std::min(end, next->at), last.starts ? daylight->offset : standard};
}

}  // namespace kpm::core

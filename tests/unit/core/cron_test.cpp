#include "daemon/core/cron.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

using namespace kpm;
using namespace kpm::core;

namespace {

constexpr const char* kUtc = "UTC0";
constexpr const char* kNewYork = "EST5EDT,M3.2.0,M11.1.0";
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr const char* kSaoPaulo = "<-03>3<-02>,M10.3.0/0,M2.3.0/0";        // no midnight on one day
constexpr const char* kLordHowe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";  // half an hour
constexpr const char* kKolkata = "IST-5:30";
constexpr const char* kMay = "2024-05-03T14:30:15Z";  // a Friday

EpochTime at(const std::string& iso) {
    int year = 0;
    unsigned month = 0, day = 0;
    int hour = 0, minute = 0;
    double second = 0;
    REQUIRE(std::sscanf(iso.c_str(), "%d-%u-%uT%d:%d:%lfZ", &year, &month, &day, &hour, &minute, &second) ==
            6);
    const std::chrono::sys_days date{std::chrono::year{year} / static_cast<int>(month) /
                                     static_cast<int>(day)};
    return {(date.time_since_epoch().count() * 86400LL + hour * 3600 + minute * 60) * 1000 +
            static_cast<std::int64_t>(second * 1000)};
}

std::string text_of(std::optional<EpochTime> time) {
    if (!time) return "never";
    CHECK(time->since_epoch % 1000 == 0);
    const std::chrono::sys_seconds seconds{std::chrono::seconds{time->since_epoch / 1000}};
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{seconds - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

CronSchedule schedule(std::string_view text) {
    auto parsed = CronSchedule::parse(text);
    INFO(text << ": " << (parsed ? "" : parsed.error().message));
    REQUIRE(parsed);
    return *parsed;
}

TimeZone zone_of(std::string_view rule) {
    auto zone = TimeZone::parse_rule(rule);
    REQUIRE(zone);
    return *zone;
}

std::string next(std::string_view text, const std::string& after, std::string_view zone = kUtc) {
    return text_of(schedule(text).next_after(at(after), zone_of(zone)));
}

std::string why(std::string_view text) {
    const auto parsed = CronSchedule::parse(text);
    return parsed ? "fine" : parsed.error().message;
}

struct Row {
    const char *zone, *expression, *after, *first, *second;  // second "" = not asked
};

void check(const Row& row) {
    INFO(row.expression << " after " << row.after << " in " << row.zone);
    const std::string first = next(row.expression, row.after, row.zone);
    CHECK(first == row.first);
    if (*row.second) CHECK(next(row.expression, row.first, row.zone) == row.second);
}

// What croner 4.1.97 answers, the version in PM2 7.0.4.
constexpr Row kRows[] = {
    {kUtc, "* * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:31:00Z", "2024-05-03T14:32:00Z"},
    {kUtc, "* * * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:30:16Z", "2024-05-03T14:30:17Z"},
    {kUtc, "*/5 * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:35:00Z", "2024-05-03T14:40:00Z"},
    {kUtc, "*/7 * * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:30:21Z", "2024-05-03T14:30:28Z"},
    {kUtc, "0 * * * *", "2024-05-03T14:30:15Z", "2024-05-03T15:00:00Z", "2024-05-03T16:00:00Z"},
    {kUtc, "30 4 * * *", "2024-05-03T14:30:15Z", "2024-05-04T04:30:00Z", "2024-05-05T04:30:00Z"},
    {kUtc, "0 0 * * *", "2024-05-03T14:30:15Z", "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "15 14 * * *", "2024-05-03T14:30:15Z", "2024-05-04T14:15:00Z", "2024-05-05T14:15:00Z"},
    {kUtc, "15,45 * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:45:00Z", "2024-05-03T15:15:00Z"},
    {kUtc, "0 0,12 * * *", "2024-05-03T14:30:15Z", "2024-05-04T00:00:00Z", "2024-05-04T12:00:00Z"},
    {kUtc, "0 9-17 * * *", "2024-05-03T14:30:15Z", "2024-05-03T15:00:00Z", "2024-05-03T16:00:00Z"},
    {kUtc, "0 9-17/4 * * *", "2024-05-03T14:30:15Z", "2024-05-03T17:00:00Z", "2024-05-04T09:00:00Z"},
    {kUtc, "10-40/15 * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:40:00Z", "2024-05-03T15:10:00Z"},
    {kUtc, "5/20 * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:45:00Z", "2024-05-03T15:05:00Z"},
    {kUtc, "15-45/10 */5 1,2,3 * JAN-MAR SAT", "2024-05-03T14:30:15Z", "2025-01-04T01:00:15Z",
     "2025-01-04T01:00:25Z"},
    {kUtc, "0 0 1 * *", "2024-05-03T14:30:15Z", "2024-06-01T00:00:00Z", "2024-07-01T00:00:00Z"},
    {kUtc, "0 0 31 * *", "2024-05-03T14:30:15Z", "2024-05-31T00:00:00Z", "2024-07-31T00:00:00Z"},
    {kUtc, "0 0 29 2 *", "2024-05-03T14:30:15Z", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"},
    {kUtc, "0 0 29 FEB MON", "2024-05-03T14:30:15Z", "2044-02-29T00:00:00Z", "2072-02-29T00:00:00Z"},
    {kUtc, "0 0 30 2 *", "2024-05-03T14:30:15Z", "never", ""},
    {kUtc, "0 0 L * *", "2024-05-03T14:30:15Z", "2024-05-31T00:00:00Z", "2024-06-30T00:00:00Z"},
    {kUtc, "0 0 l 2 *", "2024-05-03T14:30:15Z", "2025-02-28T00:00:00Z", "2026-02-28T00:00:00Z"},
    {kUtc, "0 0 L * 7", "2024-05-03T14:30:15Z", "2024-06-30T00:00:00Z", "2025-08-31T00:00:00Z"},
    {kUtc, "0 0 L * SUN", "2024-05-03T14:30:15Z", "2024-06-30T00:00:00Z", "2025-08-31T00:00:00Z"},
    {kUtc, "0 0 * * 0", "2024-05-03T14:30:15Z", "2024-05-05T00:00:00Z", "2024-05-12T00:00:00Z"},
    {kUtc, "0 0 * * 7", "2024-05-03T14:30:15Z", "2024-05-05T00:00:00Z", "2024-05-12T00:00:00Z"},
    {kUtc, "0 0 * * MON", "2024-05-03T14:30:15Z", "2024-05-06T00:00:00Z", "2024-05-13T00:00:00Z"},
    {kUtc, "0 0 * * mon-fri", "2024-05-03T14:30:15Z", "2024-05-06T00:00:00Z", "2024-05-07T00:00:00Z"},
    {kUtc, "0 0 * * 5-7", "2024-05-03T14:30:15Z", "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "0 0 13 * FRI", "2024-05-03T14:30:15Z", "2024-09-13T00:00:00Z", "2024-12-13T00:00:00Z"},
    {kUtc, "0 20 1 * MON", "2024-05-03T14:30:15Z", "2024-07-01T20:00:00Z", "2025-09-01T20:00:00Z"},
    {kUtc, "0 0 0 1 1 *", "2024-05-03T14:30:15Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
    {kUtc, "59 59 23 24 DEC *", "2024-05-03T14:30:15Z", "2024-12-24T23:59:59Z", "2025-12-24T23:59:59Z"},
    {kUtc, "59 59 23 31 12 *", "2024-05-03T14:30:15Z", "2024-12-31T23:59:59Z", "2025-12-31T23:59:59Z"},
    {kUtc, "0 0 1 */3 *", "2024-05-03T14:30:15Z", "2024-07-01T00:00:00Z", "2024-10-01T00:00:00Z"},
    {kUtc, "0 0 */10 * *", "2024-05-03T14:30:15Z", "2024-05-11T00:00:00Z", "2024-05-21T00:00:00Z"},
    {kUtc, "0 0 * * */2", "2024-05-03T14:30:15Z", "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "0 12 1-7 * 1", "2024-05-03T14:30:15Z", "2024-05-06T12:00:00Z", "2024-06-03T12:00:00Z"},
    {kUtc, "0 0 1 jan,JUL *", "2024-05-03T14:30:15Z", "2024-07-01T00:00:00Z", "2025-01-01T00:00:00Z"},
    {kUtc, "00 007 * * *", "2024-05-03T14:30:15Z", "2024-05-04T07:00:00Z", "2024-05-05T07:00:00Z"},
    {kUtc, "  0\t3  * *   * ", "2024-05-03T14:30:15Z", "2024-05-04T03:00:00Z", "2024-05-05T03:00:00Z"},
    {kUtc, "0 30 14 3 5 *", "2024-05-03T14:30:15Z", "2025-05-03T14:30:00Z", "2026-05-03T14:30:00Z"},
    {kUtc, "15 30 14 3 5 *", "2024-05-03T14:30:15Z", "2025-05-03T14:30:15Z", "2026-05-03T14:30:15Z"},
    {kUtc, "0 0 0 29 2 6", "2024-05-03T14:30:15Z", "2048-02-29T00:00:00Z", "2076-02-29T00:00:00Z"},
    {kUtc, "*/59 * * * *", "2024-05-03T14:30:15Z", "2024-05-03T14:59:00Z", "2024-05-03T15:00:00Z"},
    {kUtc, "0 */23 * * *", "2024-05-03T14:30:15Z", "2024-05-03T23:00:00Z", "2024-05-04T00:00:00Z"},
    {kUtc, "0 0 1-31/30 * *", "2024-05-03T14:30:15Z", "2024-05-31T00:00:00Z", "2024-06-01T00:00:00Z"},
    {kUtc, "* * * * * *", "2024-05-03T14:30:15.999Z", "2024-05-03T14:30:16Z", "2024-05-03T14:30:17Z"},
    {kUtc, "0 0 * * *", "2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"},
    {kUtc, "0 0 1 1 *", "1999-12-31T23:59:59.5Z", "2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z"},
    {kUtc, "0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"},
    {kNewYork, "30 2 * * *", "2024-03-10T05:00:00Z", "2024-03-11T06:30:00Z", "2024-03-12T06:30:00Z"},
    {kNewYork, "0 3 * * *", "2024-03-10T05:00:00Z", "2024-03-10T07:00:00Z", "2024-03-11T07:00:00Z"},
    {kNewYork, "*/30 * * * *", "2024-03-10T06:30:00Z", "2024-03-10T07:00:00Z", "2024-03-10T07:30:00Z"},
    {kNewYork, "0 2-3 * * *", "2024-03-10T05:00:00Z", "2024-03-10T07:00:00Z", "2024-03-11T06:00:00Z"},
    {kNewYork, "30 2,4 * * *", "2024-03-10T05:00:00Z", "2024-03-10T08:30:00Z", "2024-03-11T06:30:00Z"},
    {kNewYork, "30 2 10 3 *", "2024-01-01T05:00:00Z", "2025-03-10T06:30:00Z", "2026-03-10T06:30:00Z"},
    {kNewYork, "30 1 * * *", "2024-11-03T04:00:00Z", "2024-11-03T05:30:00Z", "2024-11-04T06:30:00Z"},
    {kNewYork, "30 1 * * *", "2024-11-03T05:30:00Z", "2024-11-04T06:30:00Z", "2024-11-05T06:30:00Z"},
    {kNewYork, "*/30 * * * *", "2024-11-03T05:30:00Z", "2024-11-03T07:00:00Z", "2024-11-03T07:30:00Z"},
    {kNewYork, "0 * * * *", "2024-11-03T04:30:00Z", "2024-11-03T05:00:00Z", "2024-11-03T07:00:00Z"},
    {kNewYork, "0 0 * * *", "2024-11-02T04:00:00Z", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z"},
    {kNewYork, "0 12 * * *", "2024-03-09T17:00:00Z", "2024-03-10T16:00:00Z", "2024-03-11T16:00:00Z"},
    {kNewYork, "0 0 1 7 *", "2037-08-01T00:00:00Z", "2038-07-01T04:00:00Z", "2039-07-01T04:00:00Z"},
    {kNewYork, "30 2 * * *", "2051-03-12T05:00:00Z", "2051-03-13T06:30:00Z", "2051-03-14T06:30:00Z"},
    {kNewYork, "30 1 * * *", "2051-11-05T04:00:00Z", "2051-11-05T05:30:00Z", "2051-11-06T06:30:00Z"},
    {kBerlin, "30 2 * * *", "2024-03-30T20:00:00Z", "2024-04-01T00:30:00Z", "2024-04-02T00:30:00Z"},
    {kBerlin, "0 0 * * SUN", "2024-03-30T20:00:00Z", "2024-03-30T23:00:00Z", "2024-04-06T22:00:00Z"},
    {kBerlin, "30 2 * * *", "2024-10-26T20:00:00Z", "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z"},
    {kBerlin, "0 3 * * *", "2024-10-26T20:00:00Z", "2024-10-27T02:00:00Z", "2024-10-28T02:00:00Z"},
    {kBerlin, "0 0 0 L * *", "2024-03-30T20:00:00Z", "2024-03-30T23:00:00Z", "2024-04-29T22:00:00Z"},
    {kSaoPaulo, "0 0 * * *", "2017-10-14T12:00:00Z", "2017-10-16T02:00:00Z", "2017-10-17T02:00:00Z"},
    {kSaoPaulo, "30 0 15 10 *", "2017-01-01T12:00:00Z", "2018-10-15T03:30:00Z", "2019-10-15T03:30:00Z"},
    {kSaoPaulo, "0 12 15 10 *", "2017-01-01T12:00:00Z", "2017-10-15T14:00:00Z", "2018-10-15T15:00:00Z"},
    {kLordHowe, "0 2 * * *", "2024-10-05T00:00:00Z", "2024-10-06T15:00:00Z", "2024-10-07T15:00:00Z"},
    {kLordHowe, "*/20 2 * * *", "2024-10-05T10:00:00Z", "2024-10-05T15:40:00Z", "2024-10-06T15:00:00Z"},
    {kLordHowe, "45 1 * * *", "2024-04-06T00:00:00Z", "2024-04-06T14:45:00Z", "2024-04-07T15:15:00Z"},
    {kKolkata, "0 6 * * *", "2024-05-03T14:30:00Z", "2024-05-04T00:30:00Z", "2024-05-05T00:30:00Z"},
    {kKolkata, "*/15 * * * *", "2024-05-03T14:31:00Z", "2024-05-03T14:45:00Z", "2024-05-03T15:00:00Z"},
};

// What croner 10 answers (with domAndDow) to what croner 4 refuses.
constexpr Row kLaterRows[] = {
    {kUtc, "0 0 0 15W * *", kMay, "2024-05-15T00:00:00Z", "2024-06-14T00:00:00Z"},
    {kUtc, "0 0 0 1W * *", kMay, "2024-06-03T00:00:00Z", "2024-07-01T00:00:00Z"},
    {kUtc, "0 0 0 31W * *", kMay, "2024-05-31T00:00:00Z", "2024-07-31T00:00:00Z"},
    {kUtc, "0 0 0 30W * *", kMay, "2024-05-30T00:00:00Z", "2024-06-28T00:00:00Z"},
    {kUtc, "0 0 0 1W,20W * *", kMay, "2024-05-20T00:00:00Z", "2024-06-03T00:00:00Z"},
    {kUtc, "0 0 * * FRI#2", kMay, "2024-05-10T00:00:00Z", "2024-06-14T00:00:00Z"},
    {kUtc, "0 0 * * 5#L", kMay, "2024-05-31T00:00:00Z", "2024-06-28T00:00:00Z"},
    {kUtc, "0 0 * * MON#1", kMay, "2024-05-06T00:00:00Z", "2024-06-03T00:00:00Z"},
    {kUtc, "0 0 * * MON#5", kMay, "2024-07-29T00:00:00Z", "2024-09-30T00:00:00Z"},
    {kUtc, "0 0 * * 5-6#L", kMay, "2024-05-25T00:00:00Z", "2024-05-31T00:00:00Z"},
    {kUtc, "0 0 * * MON#1,WED#3", kMay, "2024-05-06T00:00:00Z", "2024-05-15T00:00:00Z"},
    {kUtc, "0 0 L,15 * *", kMay, "2024-05-15T00:00:00Z", "2024-05-31T00:00:00Z"},
    {kUtc, "0 0 LW * *", kMay, "2024-05-31T00:00:00Z", "2024-06-28T00:00:00Z"},
    {kUtc, "0 0 0 1 1 * 2030", kMay, "2030-01-01T00:00:00Z", "never"},
    {kUtc, "0 0 0 29 2 * 2025-2031", kMay, "2028-02-29T00:00:00Z", "never"},
    {kUtc, "0 0 0 1 1 * 2020", kMay, "never", ""},
    {kUtc, "0 0 0 29 2 * 2025,2027", kMay, "never", ""},
    {kUtc, "@hourly", kMay, "2024-05-03T15:00:00Z", "2024-05-03T16:00:00Z"},
    {kUtc, "@daily", kMay, "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "@midnight", kMay, "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "@weekly", kMay, "2024-05-05T00:00:00Z", "2024-05-12T00:00:00Z"},
    {kUtc, "@monthly", kMay, "2024-06-01T00:00:00Z", "2024-07-01T00:00:00Z"},
    {kUtc, "@yearly", kMay, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
    {kUtc, "@annually", kMay, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
    {kUtc, "0 0 1-5,20 * *", kMay, "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "0 0 1-9/4,20 * *", kMay, "2024-05-05T00:00:00Z", "2024-05-09T00:00:00Z"},
    {kUtc, "0 0 * * FRI-SUN", kMay, "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "0 0 * * SUN-MON", kMay, "2024-05-05T00:00:00Z", "2024-05-06T00:00:00Z"},
    {kUtc, "0 0 1 * +MON", kMay, "2024-07-01T00:00:00Z", "2025-09-01T00:00:00Z"},
    {kUtc, "0 0 * * +MON", kMay, "2024-05-06T00:00:00Z", "2024-05-13T00:00:00Z"},
    {kUtc, "0 0 15w * *", kMay, "2024-05-15T00:00:00Z", "2024-06-14T00:00:00Z"},
    {kUtc, "0 0 * * FRI-SUN#1", kMay, "2024-05-04T00:00:00Z", "2024-05-05T00:00:00Z"},
    {kUtc, "0 0 * * SUN#L", kMay, "2024-05-26T00:00:00Z", "2024-06-30T00:00:00Z"},
    {kUtc, "0 0 * * 7#1", kMay, "2024-05-05T00:00:00Z", "2024-06-02T00:00:00Z"},
    {kUtc, "0 0 15W * MON", kMay, "2024-07-15T00:00:00Z", "2024-09-16T00:00:00Z"},
};

}  // namespace

TEST_CASE("cron: the next times are those of PM2's croner", "[unit][cron]") {
    for (const Row& row : kRows) check(row);
}

TEST_CASE("cron: what later versions of croner added", "[unit][cron]") {
    for (const Row& row : kLaterRows) check(row);
}

// Where croner 4 has mistakes that nobody can rely on.
TEST_CASE("cron: a first day begins at its first time, and 5/10 counts from 5", "[unit][cron]") {
    CHECK(next("0 * * * MON", "2024-05-05T14:30:00Z") == "2024-05-06T00:00:00Z");  // croner 4: 15:00
    CHECK(next("0 0 5/10 * *", kMay) == "2024-05-05T00:00:00Z");                   // croner 4: the 6th
    CHECK(next("0 0 1 2/5 *", kMay) == "2024-07-01T00:00:00Z");                    // croner 4: August
    CHECK(next("0 0 * * 1/2", "2024-05-04T00:00:00Z") == "2024-05-06T00:00:00Z");  // croner 4: Sunday too
    CHECK(next("0 0 2 * * *", "2024-03-10T06:59:59Z", kNewYork) == "2024-03-11T06:00:00Z");  // croner 4: 3:00
}

TEST_CASE("cron: steps from Sunday as 7 stay on Sunday", "[unit][cron]") {
    CHECK(next("0 0 * * 7/2", kMay) == "2024-05-05T00:00:00Z");
    CHECK(next("0 0 * * */8", kMay) == "2024-05-05T00:00:00Z");
}

TEST_CASE("cron: a schedule that never comes has no next time", "[unit][cron]") {
    for (const char* text : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 FEB *", "0 0 0 1 1 * 2020",
                             "0 0 30W 2 *", "0 0 29 2 MON#1", "* * * 30 2 * *", "0 0 0 30 2 * 1970-9999"})
        CHECK(next(text, kMay) == "never");
    // Its hour is always the one that is left out.
    CHECK(next("* * 2 * 3 SUN#2", kMay, kNewYork) == "never");
    CHECK(next("* * * * *", "9999-12-31T23:59:59Z") == "never");
    CHECK(text_of(schedule("* * * * *").next_after({INT64_MAX}, TimeZone())) == "never");
}

TEST_CASE("cron: a clock before 1970 is taken as one at 1970", "[unit][cron]") {
    CHECK(text_of(schedule("* * * * *").next_after({INT64_MIN}, TimeZone())) == "1970-01-01T00:00:00Z");
    CHECK(text_of(schedule("0 0 2 1 *").next_after({-1}, TimeZone())) == "1970-01-02T00:00:00Z");
}

TEST_CASE("cron: rare days are found across centuries", "[unit][cron]") {
    CHECK(next("0 0 29 2 MON", "2080-01-01T00:00:00Z") == "2112-02-29T00:00:00Z");
    CHECK(next("0 0 29 2 *", "2196-03-01T00:00:00Z") == "2204-02-29T00:00:00Z");
    CHECK(next("0 0 0 29 2 THU 2300-2900", kMay) == "2312-02-29T00:00:00Z");
}

TEST_CASE("cron: in the hour that comes again nothing runs, whenever one asks", "[unit][cron]") {
    for (const char* after :
         {"2024-11-03T05:59:59Z", "2024-11-03T06:00:00Z", "2024-11-03T06:10:00Z", "2024-11-03T06:59:59Z"})
        CHECK(next("*/30 * * * *", after, kNewYork) == "2024-11-03T07:00:00Z");
    CHECK(next("* * * * * *", "2024-11-03T06:30:00Z", kNewYork) == "2024-11-03T07:00:00Z");
}

TEST_CASE("cron: a question mark is the time at which the schedule was made", "[unit][cron]") {
    using namespace std::chrono;
    const local_seconds made = local_days{2024y / 5 / 3} + 14h + 30min + 15s;
    const auto next_made = [&](std::string_view text) {
        const auto parsed = CronSchedule::parse(text, made);
        REQUIRE(parsed);
        return text_of(parsed->next_after(at(kMay), TimeZone()));
    };
    CHECK(next_made("? ? * * * *") == "2024-05-03T15:30:15Z");
    CHECK(next_made("0 0 ? * *") == "2024-06-03T00:00:00Z");
    CHECK(next_made("0 0 1 ? *") == "2025-05-01T00:00:00Z");
    CHECK(next_made("0 0 * * ?") == "2024-05-10T00:00:00Z");
    CHECK(next_made("?/20 * * * *") == "2024-05-03T14:50:00Z");
    CHECK(CronSchedule::parse("? ? ? ? ? ?"));
}

TEST_CASE("cron: an error names the field and what is allowed", "[unit][cron]") {
    CHECK(why("0 0 32 * *") ==
          "cannot parse '0 0 32 * *': the day of the month '32' is not between 1 and 31");
    CHECK(why("60 * * * *") == "cannot parse '60 * * * *': the minute '60' is not between 0 and 59");
    CHECK(why("x * * * *") == "cannot parse 'x * * * *': the minute 'x' is not a number");
    CHECK(why("* 5-2 * * *") == "cannot parse '* 5-2 * * *': the hour '5-2' ends before it begins");
    CHECK(why("*/61 * * * *") ==
          "cannot parse '*/61 * * * *': the step '61' of the minute is not between 1 and 60");
    CHECK(why("* * * 13 *") == "cannot parse '* * * 13 *': the month '13' is not between 1 and 12");
    CHECK(why("* * * * FRI#6") ==
          "cannot parse '* * * * FRI#6': '6' after the # of the day of the week is not between 1 and 5 and "
          "not L");
    CHECK(why("* * *") == "cannot parse '* * *': it has 3 fields, not 5 to 7");
    CHECK(why("") == "cannot parse '': it has 0 fields, not 5 to 7");
    CHECK(why("@reboot") ==
          "cannot parse '@reboot': the nicknames are @yearly, @annually, @monthly, @weekly, @daily, "
          "@midnight and "
          "@hourly");
}

TEST_CASE("cron: what says nothing or is out of range is refused", "[unit][cron]") {
    for (const char* text : {"1,,2 * * * *",      "1, * * * *",          "/5 * * * *",
                             "*/ * * * *",        "*/0 * * * *",         "1-2-3 * * * *",
                             "1-*/2 * * * *",     "*/5/5 * * * *",       "5* * * * *",
                             "-5 * * * *",        "* 24 * * *",          "* * 0 * *",
                             "* * * 0 *",         "* * * MOON *",        "* * * * 8",
                             "* * * * MONDAY",    "L * * * *",           "* * W * *",
                             "* * 32W * *",       "* * * L *",           "* * * * L",
                             "* * 1#2 * *",       "99999999999 * * * *", "* * * * * * 1969",
                             "* * * * * * 10000", "* * * * * * * *",     "@",
                             "FRI * * * *",       "?? * * * *"})
        CHECK_THAT(why(text), Catch::StartsWith(std::string("cannot parse '") + text + "': "));
}

TEST_CASE("cron: a date is one time, in the zone unless it names its own", "[unit][cron]") {
    const std::string before = "2026-11-28T12:00:00Z";
    // What croner 4.1.97 answers.
    check({kBerlin, "2026-12-01T10:00:00", before.c_str(), "2026-12-01T09:00:00Z", "never"});
    check({kBerlin, "2026-12-01 10:00:00", before.c_str(), "2026-12-01T09:00:00Z", "never"});
    check({kBerlin, "2026-12-01t10:00:00", before.c_str(), "2026-12-01T09:00:00Z", "never"});
    check({kBerlin, "2026-12-1T1:0:0", before.c_str(), "2026-12-01T00:00:00Z", "never"});
    check({kBerlin, "2026-12-01T10:00:00Z", before.c_str(), "2026-12-01T10:00:00Z", "never"});
    check({kBerlin, "2026-07-01T10:00:00", "2026-06-30T00:00:00Z", "2026-07-01T08:00:00Z", "never"});
    check({kBerlin, "2020-01-01T00:00:00", before.c_str(), "never", ""});
    // croner drops the offset; and refuses a time that the clock skips, but knows no other zone.
    check({kBerlin, "2026-12-01T10:00:00-03:30", before.c_str(), "2026-12-01T13:30:00Z", "never"});
    check({kBerlin, "2026-12-01T10:00:00+0200", before.c_str(), "2026-12-01T08:00:00Z", "never"});
    check({kBerlin, "2027-03-28T02:30:00", before.c_str(), "never", ""});
    check({kUtc, "2027-03-28T02:30:00", before.c_str(), "2027-03-28T02:30:00Z", "never"});
}

TEST_CASE("cron: what is no date is refused as one", "[unit][cron]") {
    for (const char* text :
         {"2026-12-01T10:00", "2026-13-01T10:00:00", "2026-02-31T10:00:00", "2026-12-01T24:00:00",
          "2026-12-01T10:60:00", "2026-12-01T10:00:61", "26-12-01T10:00:00", "2026-257-01T10:00:00",
          "2026-12-01T10:00:00 foo", "2026-12-01T10:00:00.500", "2026-12-01T10:00:00+25:00",
          "2026-12-01T10:00:00+", "10:00:00", "tomorrow 10:00"}) {
        INFO(text);
        CHECK(why(text) == std::string("cannot parse '") + text +
                               "': it is no date such as 2026-12-01T10:00:00 or 2026-12-01T10:00:00Z");
    }
}

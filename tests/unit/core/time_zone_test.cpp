#include "daemon/core/time_zone.h"

#include <catch2/catch.hpp>
#include <string>

#include "daemon/core/cron.h"
#include "tests/support/tzif_bytes.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono;
using kpm::test::TzifBytes;
using Kind = LocalLookup::Kind;

namespace {

EpochTime epoch(sys_seconds time) {
    return {milliseconds{time.time_since_epoch()}.count()};
}

TimeZone rule(std::string_view text) {
    const auto zone = TimeZone::parse_rule(text);
    INFO(text);
    REQUIRE(zone);
    return *zone;
}

TimeZone zone_of(const TzifBytes& bytes) {
    const auto zone = TimeZone::parse_tzif(bytes.build());
    INFO((zone ? "" : zone.error().message));
    REQUIRE(zone);
    return *zone;
}

std::string why(const std::string& bytes) {
    const auto zone = TimeZone::parse_tzif(bytes);
    return zone ? "fine" : zone.error().message;
}

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
const sys_seconds kSpring = sys_days{2024y / 3 / 31} + 1h;   // Berlin, 2:00 becomes 3:00
const sys_seconds kAutumn = sys_days{2024y / 10 / 27} + 1h;  // 3:00 becomes 2:00

// Apia crossed the date line: December 30, 2011 did not exist there.
const sys_seconds kDateLine = sys_days{2011y / 12 / 30} + 10h;
TzifBytes apia() {
    return {.times = {kDateLine.time_since_epoch().count()},
            .indices = {1},
            .offsets = {-10 * 3600, 14 * 3600},
            .rule = "<+14>-14"};
}

}  // namespace

TEST_CASE("time zone: UTC shows every local time once", "[unit][time_zone]") {
    const local_seconds local = local_days{2024y / 5 / 3} + 12h;
    const LocalLookup found = TimeZone().look_up(local);
    CHECK(found.kind == Kind::Once);
    CHECK(found.first == sys_days{2024y / 5 / 3} + 12h);
    CHECK(found.second == found.first);
    CHECK(TimeZone().offset_at({0}) == 0s);
    CHECK(TimeZone().to_local(EpochTime{-1}) == local_seconds{-1s});
}

TEST_CASE("time zone: a rule changes the offset twice a year", "[unit][time_zone]") {
    const TimeZone berlin = rule(kBerlin);
    CHECK(berlin.offset_at(epoch(kSpring - 1s)) == 1h);
    CHECK(berlin.offset_at(epoch(kSpring)) == 2h);
    CHECK(berlin.offset_at(epoch(kAutumn - 1s)) == 2h);
    CHECK(berlin.offset_at(epoch(kAutumn)) == 1h);
    CHECK(berlin.offset_at(epoch(sys_days{2500y / 7 / 1})) == 2h);
    CHECK(berlin.to_local(kSpring) == local_days{2024y / 3 / 31} + 3h);

    const TimeZone melbourne = rule("AEST-10AEDT,M10.1.0,M4.1.0/3");
    CHECK(melbourne.offset_at(epoch(sys_days{2024y / 1 / 1})) == 11h);
    CHECK(melbourne.offset_at(epoch(sys_days{2024y / 7 / 1})) == 10h);
    CHECK(melbourne.offset_at(epoch(sys_days{2024y / 12 / 31})) == 11h);
}

TEST_CASE("time zone: a local time in the gap stands for nothing", "[unit][time_zone]") {
    const TimeZone berlin = rule(kBerlin);
    const local_days day{2024y / 3 / 31};
    CHECK(berlin.look_up(day + 2h - 1s).kind == Kind::Once);
    for (const local_seconds local : {day + 2h + 0s, day + 2h + 30min + 0s, day + 3h - 1s})
        CHECK(berlin.look_up(local) == LocalLookup{Kind::Never, kSpring, kSpring, day + 3h});
    CHECK(berlin.look_up(day + 3h).kind == Kind::Once);
    CHECK(berlin.look_up(day + 3h).first == kSpring);
}

TEST_CASE("time zone: a local time in the overlap stands for two instants", "[unit][time_zone]") {
    const TimeZone berlin = rule(kBerlin);
    const local_days day{2024y / 10 / 27};
    CHECK(berlin.look_up(day + 2h - 1s).kind == Kind::Once);
    CHECK(berlin.look_up(day + 2h) == LocalLookup{Kind::Twice, kAutumn - 1h, kAutumn, day + 3h});
    CHECK(berlin.look_up(day + 3h - 1s) ==
          LocalLookup{Kind::Twice, kAutumn - 1s, kAutumn + 1h - 1s, day + 3h});
    CHECK(berlin.look_up(day + 3h).kind == Kind::Once);
    CHECK(berlin.look_up(day + 3h).first == kAutumn + 1h);
}

TEST_CASE("time zone: all forms of a rule", "[unit][time_zone]") {
    CHECK(rule("<+0330>-3:30").offset_at({0}) == 3h + 30min);
    CHECK(rule("LMT+0:53:28").offset_at({0}) == -(53min + 28s));
    // Day 60 is March 1 for J and February 29 of a leap year without it.
    CHECK(rule("AAA0BBB,J60/0,J300").offset_at(epoch(sys_days{2024y / 2 / 29})) == 0s);
    CHECK(rule("AAA0BBB,J60/0,J300").offset_at(epoch(sys_days{2024y / 3 / 1})) == 1h);
    CHECK(rule("AAA0BBB,59/0,J300").offset_at(epoch(sys_days{2024y / 2 / 29})) == 1h);
    // Without days these are the second Sunday in March and the first in November.
    CHECK(rule("EST5EDT") == rule("EST5EDT4,M3.2.0,M11.1.0/2:00:00"));
    // Irish winter time is "daylight time" with a smaller offset.
    const TimeZone dublin = rule("IST-1GMT0,M10.5.0,M3.5.0/1");
    CHECK(dublin.offset_at(epoch(sys_days{2024y / 1 / 1})) == 0s);
    CHECK(dublin.offset_at(epoch(sys_days{2024y / 7 / 1})) == 1h);
    // A change may lie on another day: this one on the day before the last Sunday.
    const TimeZone nuuk = rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    CHECK(nuuk.look_up(local_days{2024y / 3 / 30} + 23h).kind == Kind::Never);
    // Daylight time that never ends.
    const TimeZone always = rule("XXX3EDT4,0/0,J365/23");
    for (const sys_days day : {sys_days{2024y / 1 / 1}, sys_days{2024y / 7 / 1}, sys_days{2024y / 12 / 31}})
        CHECK(always.offset_at(epoch(day)) == -4h);
}

TEST_CASE("time zone: what is no rule is refused", "[unit][time_zone]") {
    for (const char* text : {"", "CET", "CE-1", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                             "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-25", "CET-1:60",
                             "<CET-1", "CET-1CEST,J0,J3", "CET-1CEST,J1,366", "CET-1CEST,M3.5.0,M10.5.0/168",
                             "CET-1CEST,M3.5.0,M10.5.0 ", "CET-1-"}) {
        const auto zone = TimeZone::parse_rule(text);
        INFO(text);
        REQUIRE_FALSE(zone);
        CHECK(zone.error().message == "it is not a rule for a time zone");
    }
}

TEST_CASE("time zone: a file is its transitions, then its rule", "[unit][time_zone]") {
    const TimeZone zone =
        zone_of({.times = {-1000, 1000}, .indices = {1, 2}, .offsets = {60, 120, 3600}, .rule = kBerlin});
    CHECK(zone.offset_at(epoch(sys_seconds{-1001s})) == 60s);
    CHECK(zone.offset_at(epoch(sys_seconds{-1000s})) == 120s);
    CHECK(zone.offset_at(epoch(sys_seconds{999s})) == 120s);
    CHECK(zone.offset_at(epoch(sys_seconds{1000s})) == 1h);
    CHECK(zone.offset_at(epoch(kSpring)) == 2h);
}

TEST_CASE("time zone: without a rule the last offset stays", "[unit][time_zone]") {
    const TzifBytes bytes{.times = {0}, .indices = {1}, .offsets = {0, 7200}};
    CHECK(zone_of(bytes).offset_at(epoch(kSpring)) == 2h);
    TzifBytes first = bytes;
    first.version = 0;
    CHECK(zone_of(first) == zone_of(bytes));
    CHECK(zone_of({.offsets = {-3600}}).offset_at({0}) == -1h);
}

TEST_CASE("time zone: a day that did not exist", "[unit][time_zone]") {
    const TimeZone zone = zone_of(apia());
    const LocalLookup found = zone.look_up(local_days{2011y / 12 / 30} + 12h);
    CHECK(found == LocalLookup{Kind::Never, kDateLine, kDateLine, local_days{2011y / 12 / 31}});
    const auto noon = CronSchedule::parse("0 12 * * *");
    REQUIRE(noon);
    const auto last = noon->next_after(epoch(sys_days{2011y / 12 / 29}), zone);
    REQUIRE(last);
    CHECK(*last == epoch(sys_days{2011y / 12 / 29} + 22h));
    CHECK(noon->next_after(*last, zone) == epoch(sys_days{2011y / 12 / 30} + 22h));
}

TEST_CASE("time zone: damaged files say what is wrong", "[unit][time_zone]") {
    CHECK(why("") == "it is not a TZif file");
    CHECK(why("#!/bin/sh") == "it is not a TZif file");
    CHECK(why(TzifBytes{.offsets = {}}.build()) == "it lists no offset");
    CHECK(why(TzifBytes{.leaps = 1}.build()) == "it counts leap seconds");
    CHECK(why(TzifBytes{.times = {0}, .indices = {1}}.build()) == "a transition has an unknown offset");
    CHECK(why(TzifBytes{.times = {5, 5}, .indices = {0, 0}}.build()) == "the transitions are not in order");
    CHECK(why(TzifBytes{.times = {INT64_MIN}, .indices = {0}}.build()) ==
          "a transition lies outside of time");
    CHECK(why(TzifBytes{.offsets = {26 * 3600}}.build()) == "an offset is longer than a day");
    CHECK(why(TzifBytes{.rule = "?"}.build()) == "its rule is damaged");
    CHECK(why(TzifBytes{.times = std::vector<std::int64_t>(2001), .indices = std::vector<unsigned char>(2001)}
                  .build()) == "it lists too many transitions");
}

TEST_CASE("time zone: a file that is cut off anywhere is refused", "[unit][time_zone]") {
    const std::string bytes = apia().build();
    for (std::size_t size = 4; size < bytes.size(); ++size) {
        INFO(size);
        CHECK_FALSE(TimeZone::parse_tzif(bytes.substr(0, size)));
    }
    CHECK(TimeZone::parse_tzif(bytes));
}

TEST_CASE("time zone: the ends of time are times too", "[unit][time_zone]") {
    const TimeZone berlin = rule(kBerlin);
    CHECK(berlin.offset_at({INT64_MAX}) == 1h);
    CHECK(berlin.offset_at({INT64_MIN}) == 1h);
    CHECK(berlin.look_up(local_seconds::max()).kind == Kind::Once);
    CHECK(berlin.look_up(local_seconds::min()).kind == Kind::Once);
}

#include "ipc/base/date_format.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace std::chrono_literals;

namespace {
const WallTime kSummer{1714559405123ms};  // 2024-05-01 10:30:05.123 UTC
const WallTime kNight{1731974400007ms};   // 2024-11-19 00:00:00.007 UTC
}  // namespace

// Expected texts as dayjs gives them in Europe/Berlin.
TEST_CASE("date format: the tokens mean what they mean in dayjs", "[unit][date_format]") {
    CHECK(format_date("YYYY-MM-DDTHH:mm:ss", kSummer, 2h) == "2024-05-01T12:30:05");
    CHECK(format_date("YY M MMM MMMM D DD d dd ddd dddd", kSummer, 2h) ==
          "24 5 May May 1 01 3 We Wed Wednesday");
    CHECK(format_date("H HH h hh a A m mm s ss SSS", kSummer, 2h) == "12 12 12 12 pm PM 30 30 5 05 123");
    CHECK(format_date("YYYY-MM-DD HH:mm:ss.SSS Z", kSummer, 2h) == "2024-05-01 12:30:05.123 +02:00");
    CHECK(format_date("YY M MMM MMMM D DD d dd ddd dddd", kNight, 1h) ==
          "24 11 Nov November 19 19 2 Tu Tue Tuesday");
    CHECK(format_date("H HH h hh a A m mm s ss SSS", kNight, 1h) == "1 01 1 01 am AM 0 00 0 00 007");
    CHECK(format_date("Z ZZ", kNight, 1h) == "+01:00 +0100");
}

TEST_CASE("date format: other text and text in brackets is copied", "[unit][date_format]") {
    CHECK(format_date("[at] HH[h] X x S", kSummer, 2h) == "at 12h X x S");
    CHECK(format_date("HH [open", kSummer, 2h) == "12 [open");
    CHECK(format_date("", kSummer, 2h).empty());
}

TEST_CASE("date format: offsets west of Greenwich and of half an hour", "[unit][date_format]") {
    CHECK(format_date("DD HH:mm Z", kNight, -(3h + 30min)) == "18 20:30 -03:30");
}

TEST_CASE("date format: midnight and noon on the twelve-hour clock", "[unit][date_format]") {
    CHECK(format_date("h A", kNight, 0h) == "12 AM");
    CHECK(format_date("h A", kNight, 12h) == "12 PM");
}

TEST_CASE("date format: the ISO form", "[unit][date_format]") {
    CHECK(iso_date(kSummer) == "2024-05-01T10:30:05.123Z");
}

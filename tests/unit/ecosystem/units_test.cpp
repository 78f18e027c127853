#include <catch2/catch.hpp>

#include "ecosystem/byte_size.h"
#include "ecosystem/duration.h"

using namespace kpm::ecosystem;
using namespace std::chrono_literals;

TEST_CASE("byte size: units are powers of 1024", "[unit][ecosystem]") {
    CHECK(parse_byte_size("100")->count == 100);
    CHECK(parse_byte_size("100K")->count == 102400);
    CHECK(parse_byte_size(" 150M ")->count == 157286400);
    CHECK(parse_byte_size("1G")->count == 1073741824);
    CHECK(parse_byte_size("1.5g")->count == 1610612736);
    CHECK(parse_byte_size("100MB")->count == 104857600);
}

TEST_CASE("byte size: what is no size is refused", "[unit][ecosystem]") {
    for (const char* text :
         {"", "M", "B", "-1", "1X", "1 2", "nan", "inf", "1e3", "99999999999999999999T", "0x10"}) {
        INFO(text);
        CHECK_FALSE(parse_byte_size(text));
    }
    CHECK(parse_byte_size("many").error().message ==
          "cannot read size 'many': expected a number with K, M, G or T, such as 150M");
}

TEST_CASE("byte size: the text uses the largest unit that divides", "[unit][ecosystem]") {
    CHECK(to_text(Bytes{0}) == "0");
    CHECK(to_text(Bytes{1000}) == "1000");
    CHECK(to_text(Bytes{157286400}) == "150M");
    CHECK(to_text(Bytes{1ull << 30}) == "1G");
}

TEST_CASE("duration: units and bare milliseconds", "[unit][ecosystem]") {
    CHECK(*parse_duration("1600") == 1600ms);
    CHECK(*parse_duration("500ms") == 500ms);
    CHECK(*parse_duration("10s") == 10s);
    CHECK(*parse_duration("1.5s") == 1500ms);
    CHECK(*parse_duration("2 m") == 2min);
    CHECK(*parse_duration("1h") == 1h);
    CHECK(*parse_duration("1d") == 24h);
}

TEST_CASE("duration: what is no duration is refused", "[unit][ecosystem]") {
    for (const char* text : {"", "s", "-1", "1x", "1s2", "1e3", "nan", "999999999999d"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("duration: the text uses the largest unit that divides", "[unit][ecosystem]") {
    CHECK(to_text(Duration(0)) == "0ms");
    CHECK(to_text(1600ms) == "1600ms");
    CHECK(to_text(Duration(90s)) == "90s");
    CHECK(to_text(Duration(1h)) == "1h");
}

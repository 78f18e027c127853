#include "daemon/core/console_line.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

constexpr WallTime kTime{1714559405123ms};  // 2024-05-01T10:30:05.123Z

std::string line_of(ConsoleLines& lines, std::string_view line, const ConsoleSource& source) {
    std::string out;
    lines.append(out, line, source, kTime, 2h);
    return out;
}

}  // namespace

TEST_CASE("console line: prefixes have the width of the longest up to now, and one more", "[unit][console]") {
    ConsoleLines lines(ConsoleShape::Prefixed);
    CHECK(line_of(lines, "a\n", {0, "w"}) == "0|w | a\n");
    CHECK(line_of(lines, "b", {1, "worker", LogStream::Err}) == "1|worker  | b\n");
    CHECK(line_of(lines, "\n", {0, "w"}) == "0|w       | \n");
}

TEST_CASE("console line: JSON has PM2's keys in its order, and the message no newline", "[unit][console]") {
    ConsoleLines lines(ConsoleShape::Json);
    CHECK(line_of(lines, "say \"hi\"\n", {3, "web", LogStream::Err}) ==
          R"({"message":"say \"hi\"","timestamp":"2024-05-01T10:30:05.123Z","type":"err","process_id":3,)"
          R"("app_name":"web"})"
          "\n");
    CHECK(line_of(lines, "\xff\n", {0, "w"}).find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("console line: fields with the local time", "[unit][console]") {
    ConsoleLines lines(ConsoleShape::Fields);
    CHECK(line_of(lines, "x y\n", {0, "web"}) ==
          "timestamp=2024-05-01-12:30:05+0200 app=web id=0 type=out message=x y\n");
    CHECK(line_of(lines, "e", {0, "web", LogStream::Err}).find(" type=error message=e\n") !=
          std::string::npos);
}

TEST_CASE("console line: events, and the names of the shapes", "[unit][console]") {
    CHECK(
        console_event("online", "web", kTime) ==
        R"({"timestamp":"2024-05-01T10:30:05.123Z","type":"process_event","status":"online","app_name":"web"})"
        "\n");
    CHECK(console_shape("raw") == ConsoleShape::Raw);
    CHECK(console_shape("formatted") == ConsoleShape::Prefixed);
    CHECK(console_shape("json") == ConsoleShape::Json);
    CHECK(console_shape("format") == ConsoleShape::Fields);
    CHECK(console_shape("") == ConsoleShape::None);
}

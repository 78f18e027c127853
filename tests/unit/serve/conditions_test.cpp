#include "serve/conditions.h"

#include <catch2/catch.hpp>

namespace kpm::serve {
namespace {

constexpr std::time_t kTime = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr const char* kText = "Sun, 06 Nov 1994 08:49:37 GMT";

}  // namespace

TEST_CASE("dates: are written and read by HTTP's form", "[unit][serve]") {
    CHECK(http_date(kTime) == kText);
    CHECK(parse_http_date(kText) == kTime);
    for (const std::time_t time : {std::time_t{0}, std::time_t{951782400}, std::time_t{4102444799}})
        CHECK(parse_http_date(http_date(time)) == time);
    for (const char* text :
         {"", "Sun", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 36 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nix 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, -6 Nov 1994 08:49:37 GMT"}) {
        INFO(text);
        CHECK_FALSE(parse_http_date(text));
    }
}

TEST_CASE("conditions: a tag outweighs the date", "[unit][serve]") {
    CHECK(is_unchanged({.if_none_match = "\"a\""}, "\"a\"", kTime));
    CHECK(is_unchanged({.if_none_match = "\"x\", W/\"a\""}, "\"a\"", kTime));
    CHECK(is_unchanged({.if_none_match = "*"}, "\"a\"", kTime));
    CHECK_FALSE(is_unchanged({.if_none_match = "\"b\"", .if_modified_since = kText}, "\"a\"", kTime));
    CHECK(is_unchanged({.if_modified_since = kText}, "\"a\"", kTime));
    CHECK_FALSE(is_unchanged({.if_modified_since = kText}, "\"a\"", kTime + 1));
    CHECK_FALSE(is_unchanged({.if_modified_since = "yesterday"}, "\"a\"", kTime));
    CHECK_FALSE(is_unchanged({}, "\"a\"", kTime));
}

TEST_CASE("conditions: a range counts only for the file that it was begun on", "[unit][serve]") {
    CHECK(range_applies({}, "\"a\"", kTime));
    CHECK(range_applies({.if_range = "\"a\""}, "\"a\"", kTime));
    CHECK_FALSE(range_applies({.if_range = "\"b\""}, "\"a\"", kTime));
    CHECK_FALSE(range_applies({.if_range = "W/\"a\""}, "\"a\"", kTime));
    CHECK(range_applies({.if_range = kText}, "\"a\"", kTime));
    CHECK_FALSE(range_applies({.if_range = kText}, "\"a\"", kTime + 1));
}

TEST_CASE("tags: differ with the size and with the time", "[unit][serve]") {
    const std::string tag = make_etag(10, {5, 7});
    CHECK(tag.front() == '"');
    CHECK(tag.back() == '"');
    CHECK(make_etag(11, {5, 7}) != tag);
    CHECK(make_etag(10, {5, 8}) != tag);
}

}  // namespace kpm::serve

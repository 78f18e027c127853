#include "ipc/base/json.h"

#include <catch2/catch.hpp>
#include <string>

using namespace kpm;

TEST_CASE("json: members keep their order, and of those with one name the last one counts", "[unit][json]") {
    std::string many = R"({"first":1)";
    for (int i = 0; i < 40; ++i) many += R"(,"k)" + std::to_string(i) + R"(":)" + std::to_string(i);
    for (const std::string& text : {std::string(R"({"first":1,"b":[],"c":{"d":"x"})"), many}) {
        const Json object = parse_json(text + R"(,"last":2,"first":3})");
        REQUIRE(object.is_object());
        CHECK(object.begin().key() == "first");
        CHECK(object.begin().value() == 3);
        CHECK(std::prev(object.end()).key() == "last");
        CHECK(object == Json::parse(text + R"(,"last":2,"first":3})"));
    }
}

TEST_CASE("json: 256 levels are read, one more is not, nor is what is no JSON", "[unit][json]") {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    CHECK(parse_json(nested(256)).is_array());
    CHECK(parse_json(nested(257)).is_discarded());
    CHECK(parse_json(std::string(10'000'000, '[')).is_discarded());
    for (const char* text : {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\xff", "\"\xff\"", "1e999"})
        CHECK(parse_json(text).is_discarded());
    for (const char* text : {"null", "\"a\"", "-0.5", "[]", "{}", " [1 , 2 ] "})
        CHECK(parse_json(text) == Json::parse(text));
}

#include "ipc/base/json.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

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

TEST_CASE("json: what is beyond the limits is told from what is no JSON", "[unit][json]") {
    const JsonLimits limits{.levels = 3, .parts = 10};
    const auto fault_of = [&](std::string_view text) {
        JsonFault fault;
        REQUIRE(parse_json(text, limits, &fault).is_discarded());
        return fault;
    };
    CHECK(parse_json("[[[]]]", limits).is_array());
    CHECK(fault_of("[[[[").kind == JsonFault::Kind::TooDeep);
    CHECK(parse_json("[1,2,3,4,5,6,7,8]", limits).size() == 8);  // and its two ends
    CHECK(fault_of("[1,2,3,4,5,6,7,8,9]").kind == JsonFault::Kind::TooMuch);
    CHECK(parse_json(R"({"a":1,"b":2,"c":3,"d":4})", limits).size() == 4);
    CHECK(fault_of(R"({"a":1,"b":2,"c":3,"d":4,"e":5})").kind == JsonFault::Kind::TooMuch);
    CHECK(fault_of("[1e999]").kind == JsonFault::Kind::OutOfRange);
    CHECK(fault_of("[1,x]").kind == JsonFault::Kind::NotJson);
    CHECK(fault_of("[1,x]").byte == 4);
}

// With work for each pair of members neither would end while anybody waits.
TEST_CASE("json: very many members and elements are read", "[unit][json]") {
    constexpr int kMany = 300'000;
    std::string object = R"({"k7":"first")", array = "[{}";
    for (int i = 0; i < kMany; ++i) {
        object += fmt::format(R"(,"k{0}":{0})", i);
        array += ",{}";
    }
    const Json members = parse_json(object + "}");
    REQUIRE(members.size() == kMany);
    CHECK(members.front() == 7);  // the last one of the name, in the place of the first
    CHECK(members.back() == kMany - 1);
    CHECK(parse_json(array + "]").size() == kMany + 1);
}

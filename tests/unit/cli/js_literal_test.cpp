#include "cli/js_literal.h"

#include <catch2/catch.hpp>

#include "golden.h"

namespace kpm::cli {

TEST_CASE("js literal: a process list reads as PM2's prettylist", "[unit][cli][js]") {
    CHECK(js_literal(golden_json("monitor_data.json")) == golden("prettylist.txt"));
}

TEST_CASE("js literal: the cases of util.inspect", "[unit][cli][js]") {
    CHECK(js_literal(Json::parse(R"({"msg":"pong"})")) == "{ msg: 'pong' }");
    CHECK(js_literal(Json::array()) == "[]");
    CHECK(js_literal(Json::object()) == "{}");
    CHECK(js_literal(Json::parse("[0,1]")) == "[ 0, 1 ]");
    CHECK(js_literal(Json::parse("[1.0,0.5,1e30,null,true]")) == "[ 1, 0.5, 1e+30, null, true ]");
    CHECK(js_literal(Json::parse("[2,5,6,8,9,10,11]")) == "[\n  2,  5,  6, 8,\n  9, 10, 11\n]");
    CHECK(js_literal(Json::parse(R"({"a-b":1,"c_d":2,"e3":4})")) == "{ 'a-b': 1, c_d: 2, e3: 4 }");
    CHECK(js_literal("it's") == "\"it's\"");
    CHECK(js_literal("it's \"x\"") == "`it's \"x\"`");
    CHECK(js_literal("a\nb\x1b") == "'a\\nb\\x1B'");
}

TEST_CASE("js literal: three levels share a line, a fourth breaks", "[unit][cli][js]") {
    CHECK(js_literal(Json::parse(R"({"a":{"b":{"c":{"d":1}}}})")) == "{\n  a: { b: { c: { d: 1 } } }\n}");
    CHECK(js_literal(Json::parse(R"({"a":{"b":{"c":1}}})")) == "{ a: { b: { c: 1 } } }");
}

TEST_CASE("js literal: long arrays end after a hundred elements", "[unit][cli][js]") {
    Json many = Json::array();
    for (int i = 0; i < 102; ++i) many.push_back(i);
    const std::string text = js_literal(many);
    CHECK(text.find("... 2 more items") != std::string::npos);
    CHECK(text.find("100") == text.rfind("100"));
}

}  // namespace kpm::cli

#include "ecosystem/read_json.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

Json value(std::string_view text) {
    auto document = read_json(text, "f.json");
    if (!document) FAIL(document.error().message);
    return document->value;
}

std::string error(std::string_view text) {
    auto document = read_json(text, "f.json");
    REQUIRE_FALSE(document);
    CHECK(document.error().code == ErrorCode::Invalid);
    return document.error().message;
}

}  // namespace

TEST_CASE("read json: plain JSON reads as nlohmann/json does", "[unit][ecosystem]") {
    for (const char* text : {R"({"a": [1, -2, 3.5, true, false, null, "x\ty\u00e9"], "b": {}})", "[]", "12",
                             "\"\"", R"(["\ud83d\ude00", 1e3, 9007199254740993])"}) {
        INFO(text);
        CHECK(value(text) == Json::parse(text));
    }
}

TEST_CASE("read json: what people write is accepted", "[unit][ecosystem]") {
    CHECK(value("{a: 1, $b_2: 'it\\'s', 'c d': \"x\",}") == Json{{"a", 1}, {"$b_2", "it's"}, {"c d", "x"}});
    CHECK(value("// head\n[1, /* two */ 2,]// end") == Json{1, 2});
    CHECK(value("[0x1F, +5, .5, 5., -0x10, -.5]") == Json{31, 5, 0.5, 5.0, -16, -0.5});
    CHECK(value("'a\\\nb\\x41\\v\\q'") == Json("abA\vq"));
    CHECK(value("\xEF\xBB\xBF{}") == Json::object());
    CHECK(value("{a: 1, a: 2}") == Json{{"a", 2}});
    CHECK(value(R"("\ud800x")") == Json("\xEF\xBF\xBDx"));
}

TEST_CASE("read json: an error shows file, line, column and a caret", "[unit][ecosystem]") {
    CHECK(error("{\n  \"a\": 1\n  \"b\": 2\n}") ==
          "f.json:3:3: expected ',' or '}', found '\"'\n      \"b\": 2\n      ^");
    CHECK(error("{\"ä\": x}") ==
          "f.json:1:8: expected a value, found 'x' (JSON here is data: no code, texts in quotes)\n"
          "    {\"ä\": x}\n          ^");
    CHECK(error("") == "f.json:1:1: expected a value, found the end of the file\n    \n    ^");
}

TEST_CASE("read json: damaged texts are refused", "[unit][ecosystem]") {
    for (const char* text : {"{",
                             "[",
                             "{a",
                             "{a:",
                             "{a:1",
                             "[1",
                             "[1,,2]",
                             "{,}",
                             "'a",
                             "\"a\nb\"",
                             "'\\u12'",
                             "'\\",
                             "/* x",
                             "1 2",
                             "tru",
                             "-",
                             "+",
                             ".",
                             "1e",
                             "0x",
                             "--1",
                             "1a",
                             "[1}",
                             "{1.5: 2}",
                             "1e999",
                             "require('x')",
                             "{a: () => 1}",
                             "NaN",
                             "Infinity",
                             "-Infinity",
                             "\xC3(",
                             "'\xED\xA0\x80'"}) {
        INFO(text);
        CHECK_FALSE(read_json(text, "f.json"));
    }
}

TEST_CASE("read json: depth, size and number of members are bounded", "[unit][ecosystem]") {
    CHECK(read_json(std::string(kMaxConfigDepth, '[') + std::string(kMaxConfigDepth, ']'), "f"));
    CHECK_FALSE(read_json(std::string(kMaxConfigDepth + 2, '['), "f"));
    CHECK_FALSE(read_json(std::string(100'000, '['), "f"));
    CHECK_FALSE(read_json(std::string(kMaxConfigSize + 1, ' '), "f"));
    std::string list = "[";
    for (std::size_t i = 0; i <= kMaxConfigMembers; ++i) list += "1,";
    CHECK(error(list + "]").find("more than 10000 items") != std::string::npos);
}

TEST_CASE("read json: the line of every value is known", "[unit][ecosystem]") {
    auto document = read_json("{\n apps: [\n  {name: 'a',\n\n   max_restarts: 3},\n  {}]}", "f.json");
    REQUIRE(document);
    CHECK(document->source.place("apps[0].max_restarts") == "f.json:5: apps[0].max_restarts: ");
    CHECK(document->source.place("apps[1]") == "f.json:6: apps[1]: ");
    CHECK(document->source.place("apps[0].nothing") == "f.json:3: apps[0].nothing: ");
    CHECK(document->source.place("") == "f.json:1: ");
}

#include "ipc/base/json_text.h"

#include <catch2/catch.hpp>

using namespace kpm;

TEST_CASE("json text: a string", "[unit][json]") {
    const auto of = [](std::string_view value) {
        std::string text = "x";
        append_json(text, value);
        return text.substr(1);
    };
    CHECK(of("plain ~ text") == R"("plain ~ text")");
    CHECK(of("") == R"("")");
    CHECK(of("a\"\\\n") == R"("a\"\\\n")");
    CHECK(of("\xff") == "\"\xef\xbf\xbd\"");
}

TEST_CASE("json text: members follow each other", "[unit][json]") {
    std::string text = "{";
    append_key(text, "a");
    append_json(text, Json{1, nullptr});
    append_members(text, Json{{"b", "x"}, {"c", Json::object()}});
    append_members(text, Json::object());
    CHECK(text == R"({"a":[1,null],"b":"x","c":{})");
}

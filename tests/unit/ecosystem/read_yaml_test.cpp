#include "ecosystem/read_yaml.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::ecosystem;

TEST_CASE("read yaml: plain scalars have types, quoted ones are texts", "[unit][ecosystem]") {
    auto document = read_yaml(
        "a: 1\nb: '1'\nc: true\nd: \"true\"\ne:\nf: 1.5\ng: 150M\nh: [x, 0x10, ~]\ni: !!str 5\nj: inf\nk: "
        "1e3\n",
        "f.yml");
    REQUIRE(document);
    CHECK(document->value == Json::parse(R"({"a": 1, "b": "1", "c": true, "d": "true", "e": null, "f": 1.5,
        "g": "150M", "h": ["x", 16, null], "i": "5", "j": "inf", "k": 1000.0})"));
}

TEST_CASE("read yaml: aliases and merge keys are followed, own keys win", "[unit][ecosystem]") {
    auto document = read_yaml("base: &b {x: 1, y: 2}\napp:\n  <<: *b\n  y: 3\n", "f.yml");
    REQUIRE(document);
    CHECK(nlohmann::json(document->value["app"]) == nlohmann::json{{"x", 1}, {"y", 3}});
}

TEST_CASE("read yaml: lines of values are known", "[unit][ecosystem]") {
    auto document = read_yaml("apps:\n  - name: a\n    max_restarts: 3\n", "f.yml");
    REQUIRE(document);
    CHECK(document->source.place("apps[0].max_restarts") == "f.yml:3: apps[0].max_restarts: ");
}

TEST_CASE("read yaml: damaged documents are refused with their place", "[unit][ecosystem]") {
    auto document = read_yaml("apps:\n  - a: [1\n", "f.yml");
    REQUIRE_FALSE(document);
    CHECK(document.error().message.starts_with("f.yml:3:"));
    CHECK_FALSE(read_yaml("? [a]\n: 1\n", "f.yml"));
    CHECK_FALSE(read_yaml("a: *nothing\n", "f.yml"));
    CHECK_FALSE(read_yaml("a: &x [*x]\n", "f.yml"));
    CHECK_FALSE(read_yaml("\xC3(", "f.yml"));
}

TEST_CASE("read yaml: one document, and each key once, as PM2 wants it", "[unit][ecosystem]") {
    CHECK(read_yaml("---\na: 1\n...\n", "f.yml"));
    CHECK(read_yaml("# nothing\n", "f.yml")->value.is_null());
    auto document = read_yaml("a: 1\n---\nb: 2\n", "f.yml");
    REQUIRE_FALSE(document);
    CHECK(document.error().message == "f.yml:2:1: expected one document, found more");
    CHECK_FALSE(read_yaml(",:a: b\n", "f.yml"));  // the library sees endless empty documents in it
    document = read_yaml("a: 1\nb: 2\na: 3\n", "f.yml");
    REQUIRE_FALSE(document);
    CHECK(document.error().message == "f.yml:3:1: the key 'a' stands twice");
}

TEST_CASE("read yaml: depth and size are bounded", "[unit][ecosystem]") {
    for (const char* step : {"[", "- ", "{a: ", "? ", "- ? "}) {
        INFO(step);
        std::string text;
        for (int i = 0; i < 100'000; ++i) text += step;
        auto document = read_yaml(text, "f.yml");
        REQUIRE_FALSE(document);
        CHECK(document.error().message.ends_with(": nested deeper than 64 levels"));
    }
    std::string text;
    for (unsigned i = 0; i <= kMaxConfigDepth; ++i) text += "[";
    auto document = read_yaml(text + std::string(kMaxConfigDepth + 1, ']'), "f.yml");
    CHECK(document.has_value());
    document = read_yaml("[" + text + std::string(kMaxConfigDepth + 2, ']'), "f.yml");
    REQUIRE_FALSE(document);
    CHECK(document.error().message.ends_with(": nested deeper than 64 levels"));
    CHECK(read_yaml(std::string(kMaxConfigSize + 1, ' '), "f.yml").error().message ==
          "cannot read 'f.yml': larger than 1048576 bytes");
}

TEST_CASE("read yaml: aliases that multiply are refused", "[unit][ecosystem]") {
    std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) text += (j ? "," : "") + before;
        text += "]\n";
    }
    auto document = read_yaml(text, "f.yml");
    REQUIRE_FALSE(document);
    CHECK(document.error().message.find("more than 100000 values") != std::string::npos);
}

TEST_CASE("read yaml: lines of deep values and of monstrous keys are not kept", "[unit][ecosystem]") {
    const std::string key(1000, 'k');
    auto document = read_yaml(key + ": [1, 2]\na: {b: {c: {d: {e: {f: {g: 1}}}}}}\n", "f.yml");
    REQUIRE(document);
    CHECK(document->value[key] == Json{1, 2});
    const auto& lines = document->source.lines;
    CHECK(lines.contains("a.b.c.d.e.f"));
    CHECK_FALSE(lines.contains("a.b.c.d.e.f.g"));
    for (const auto& [path, line] : lines) CHECK(path.size() <= SourceLines::kMaxPath);
    CHECK(document->source.place("a.b.c.d.e.f.g") == "f.yml:2: a.b.c.d.e.f.g: ");
}

TEST_CASE("read yaml: aliases of long texts are refused where they multiply", "[unit][ecosystem]") {
    std::string value = "a: &a " + std::string(500'000, 'x') + "\nb: [";
    std::string key = "a: &a\n  ? " + std::string(500'000, 'x') + "\n  : 1\nb: [";
    for (std::string* text : {&value, &key}) {
        for (int i = 0; i < 1000; ++i) *text += "*a, ";
        auto document = read_yaml(*text + "]\n", "f.yml");
        REQUIRE_FALSE(document);
        CHECK(document.error().message.ends_with(": more than 16777216 bytes of text"));
    }
}

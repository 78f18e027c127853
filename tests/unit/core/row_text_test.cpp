#include "daemon/core/row_text.h"

#include <catch2/catch.hpp>

#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

// The same members with the same values; their order is not compared.
void check_row(const Slot& slot, const Usage& usage = {}) {
    std::string text;
    append_row(text, slot, usage);
    INFO(text);
    int keys = 0;
    const Json parsed = Json::parse(text, [&](int depth, Json::parse_event_t event, Json&) {
        keys += depth == 2 && event == Json::parse_event_t::key;
        return true;
    });
    const Json tree = row_with_usage(slot, usage);
    const std::string whole = tree.dump(-1, ' ', false, Json::error_handler_t::replace);
    CHECK(nlohmann::json::parse(parsed.dump()) == nlohmann::json::parse(whole));
    CHECK(keys == static_cast<int>(tree["pm2_env"].size() + tree["monit"].size()));  // none twice
}

}  // namespace

TEST_CASE("row text: is what the tree of the row is", "[unit][rows]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    SECTION("without variables") {}
    SECTION("with some") {
        config.env = {{"PATH", "/bin"}, {"EMPTY", ""}};
    }
    SECTION("whose names are attributes or members of the row") {
        config.env = {{"name", "x"},  {"status", "x"}, {"env", "x"},
                      {"pm_id", "x"}, {"args", "x"},   {"env_x", "x"}};
    }
    SECTION("with what JSON escapes, and what is no UTF-8") {
        config.env = {{"A", "quote \" back \\ tab \t"},
                      {"B", "\x1b[31m\x7f"},
                      {"C", "\xff\xc3"},
                      {"\"D\"", "ü"},
                      {"unique_id", "x"},
                      {"web", "{}"}};
    }
    SECTION("beside members that a client has sent") {
        config.env = {{"version", "2"}};
        config.extra = {{"version", "3"}, {"pmx_module", true}, {"status", "odd"}};
    }
    SECTION("with a version of the client's alone") {
        config.extra = {{"version", "3"}};
    }
    bench.add(config);
    check_row(*bench.supervisor.find(0));
    bench.happen(Spawned{10});
    check_row(*bench.supervisor.find(0), {4096, 12.5});
    bench.happen(Exited{3, 0});
    check_row(*bench.supervisor.find(0));
}

TEST_CASE("row text: a string of JSON", "[unit][rows]") {
    const auto of = [](std::string_view value) {
        std::string text = "x";
        append_string(text, value);
        return text.substr(1);
    };
    CHECK(of("plain ~ text") == R"("plain ~ text")");
    CHECK(of("") == R"("")");
    CHECK(of("a\"\\\n") == R"("a\"\\\n")");
    CHECK(of("\xff") == "\"\xef\xbf\xbd\"");
}

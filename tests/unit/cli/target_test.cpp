#include "cli/target.h"

#include <catch2/catch.hpp>

namespace kpm::cli {
namespace {

ProcessRow row(std::int64_t id, std::string name, std::string name_space = "default") {
    ProcessRow made;
    made.id = id;
    made.name = std::move(name);
    made.name_space = std::move(name_space);
    made.script = "/srv/" + made.name + ".js";
    return made;
}

std::vector<ProcessRow> sample() {
    std::vector<ProcessRow> rows{
        row(0, "web"),          row(1, "web"), row(2, "api", "backend"), row(3, "backend", "other"),
        row(4, "7", "backend"), row(7, "mod")};
    rows.back().is_module = true;
    return rows;
}

std::string picked(std::string_view word, const std::string& cwd = "/srv") {
    const auto rows = sample();
    const auto selection = select(word, rows, {cwd});
    REQUIRE(selection);
    if (selection->match == Match::Nothing) return "nothing";
    if (selection->match == Match::Unknown) return "unknown";
    return ids_text(selection->ids);
}

}  // namespace

TEST_CASE("target: all means every process but modules", "[unit][cli][target]") {
    CHECK(picked("all") == "[ 0, 1, 2, 3, 4 ]");
    const auto rows = sample();
    CHECK(select("all", rows, {.cwd = "/", .include_modules = true})->ids.size() == 6);
    CHECK(select("all", {}, {.cwd = "/"})->match == Match::Nothing);
}

TEST_CASE("target: a name means all its instances and wins over a namespace", "[unit][cli][target]") {
    CHECK(picked("web") == "[ 0, 1 ]");
    CHECK(picked("backend") == "[ 3 ]");
    CHECK(picked("other") == "[ 3 ]");
    CHECK(picked("nope") == "unknown");
}

TEST_CASE("target: a script path means the processes that run it", "[unit][cli][target]") {
    CHECK(picked("web.js") == "[ 0, 1 ]");
    CHECK(picked("./web.js") == "[ 0, 1 ]");
    CHECK(picked("../srv/api.js", "/srv") == "[ 2 ]");
    CHECK(picked("/srv/api.js", "/") == "[ 2 ]");
    CHECK(picked("web.js", "/tmp") == "unknown");
}

TEST_CASE("target: a number is a name first, then an id that the daemon judges", "[unit][cli][target]") {
    CHECK(picked("7") == "[ 4 ]");
    CHECK(picked("2") == "[ '2' ]");
    CHECK(picked("99") == "[ '99' ]");
    const auto rows = sample();
    CHECK(find_row(rows, Json("2"))->name == "api");
    CHECK(find_row(rows, Json(2))->name == "api");
    CHECK(find_row(rows, Json("99")) == nullptr);
}

TEST_CASE("target: a pattern matches anywhere in the name", "[unit][cli][target]") {
    CHECK(picked("/^w/") == "[ 0, 1 ]");
    CHECK(picked("/e/") == "[ 0, 1, 3 ]");
    CHECK(picked("/zz/") == "nothing");
    const auto rows = sample();
    CHECK(select("/(/", rows, {"/"}).error().code == ErrorCode::Invalid);
}

}  // namespace kpm::cli

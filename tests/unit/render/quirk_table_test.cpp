#include "render-worker/dsp/quirk_table.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace kpm;
using namespace kpm::render;

namespace {

std::string kebab_case(std::string name) {
    std::ranges::replace(name, '_', '-');
    return name;
}

std::string read_source(const std::string& path) {
    const char* folder = std::getenv("KPM_SOURCE_DIR");
    std::ifstream file(std::string(folder ? folder : ".") + "/" + path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string error_of(const std::vector<std::string>& settings) {
    const Result<Quirks> quirks = quirks_of(settings);
    return quirks ? "none" : quirks.error().message;
}

}  // namespace

TEST_CASE("quirk table: each name turns off the member of that name, and only it", "[unit][quirks]") {
    std::set<std::size_t> members;
    const std::string header = read_source("render-worker/dsp/quirks.h");
    for (const QuirkEntry& quirk : quirk_table()) {
        INFO(quirk.name);
        const Result<Quirks> changed = quirks_of({std::string(quirk.name) + "=off"});
        REQUIRE(changed);
        const Quirks defaults;
        std::array<unsigned char, sizeof(Quirks)> before, after;
        std::memcpy(before.data(), &defaults, sizeof defaults);
        std::memcpy(after.data(), &*changed, sizeof defaults);
        std::vector<std::size_t> differ;
        for (std::size_t i = 0; i < before.size(); ++i)
            if (before[i] != after[i]) differ.push_back(i);
        REQUIRE(differ.size() == 1);
        members.insert(differ.front());

        std::string member;
        std::istringstream lines(header);
        std::size_t seen = 0;
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("    bool ") || seen++ != differ.front()) continue;
            member = line.substr(9, line.find(' ', 9) - 9);
        }
        CHECK(kebab_case(member) == quirk.name);
    }
    CHECK(members.size() == sizeof(Quirks));
}

TEST_CASE("quirk table: several settings hold together, and the last one of a name", "[unit][quirks]") {
    const Result<Quirks> quirks = quirks_of({"edges-click=off", "filter-q-ignored=off", "edges-click=on"});
    REQUIRE(quirks);
    CHECK(quirks->edges_click);
    CHECK_FALSE(quirks->filter_q_ignored);
    CHECK(quirks->surround_merger);
}

TEST_CASE("quirk table: what cannot be used is named, with what can", "[unit][quirks]") {
    CHECK(error_of({"edges-click=off", "edges_click=off"}) ==
          "cannot use '--quirk edges_click=off': expected one of negative-phase-runs-away, "
          "wavetable-gain-floor, surround-merger, first-channel-modulates, filter-q-ignored, "
          "delay-stops-at-a-second, feedback-delay-silent, edges-click, anti-aliasing-unreliable, "
          "anti-aliasing-keeps-first-half");
    CHECK(error_of({""}).starts_with("cannot use '--quirk ': expected one of "));
    for (const std::string setting : {"edges-click", "edges-click=", "edges-click=no", "edges-click=offf"})
        CHECK(error_of({setting}) ==
              "cannot use '--quirk " + setting + "': expected edges-click=off or edges-click=on");
}

TEST_CASE("quirk table: the documentation has its rows", "[unit][quirks]") {
    const std::string page = read_source("docs/render-worker.md");
    std::string rows;
    for (const QuirkEntry& quirk : quirk_table())
        rows += "| `" + std::string(quirk.name) + "` | " + std::string(quirk.description) + " |\n";
    CHECK(page.find("|---|---|\n" + rows + "\n") != std::string::npos);
}

// Command lines under the real pm2 and under kpm: exit code, output, list and files are the same after each,
// but for the differences that are listed and described.
#include <catch2/catch.hpp>
#include <set>

#include "tests/e2e/cli_parity/groups.h"

using namespace kpm::test;

namespace {

constexpr int kLeast = 150;  // command lines; less, and something has fallen out of the tables

const std::vector<ParityGroup>& all_groups() {
    static const std::vector<ParityGroup> kGroups{start_forms(), start_files(), targets(),     lifecycle(),
                                                  views(),       logs(),        persistence(), errors()};
    return kGroups;
}

}  // namespace

TEST_CASE("cli parity: start", "[e2e][parity]") {
    compare(start_forms());
}

TEST_CASE("cli parity: configuration files", "[e2e][parity]") {
    compare(start_files());
}

TEST_CASE("cli parity: targets", "[e2e][parity]") {
    compare(targets());
}

TEST_CASE("cli parity: lifecycle", "[e2e][parity]") {
    compare(lifecycle());
}

TEST_CASE("cli parity: views", "[e2e][parity]") {
    compare(views());
}

TEST_CASE("cli parity: logs", "[e2e][parity]") {
    compare(logs());
}

TEST_CASE("cli parity: persistence", "[e2e][parity]") {
    compare(persistence());
}

TEST_CASE("cli parity: errors", "[e2e][parity]") {
    compare(errors());
}

TEST_CASE("cli parity: every listed difference is met by a case and described in the documentation",
          "[e2e][parity]") {
    std::set<std::string_view> used;
    int lines = 0;
    for (const ParityGroup& group : all_groups()) {
        for (const ParityCase& one : group.cases) {
            used.insert(one.differences.begin(), one.differences.end());
            lines += !one.line.starts_with("$ ");
        }
    }
    CHECK(lines >= kLeast);
    const KpmHome home;
    const std::string documentation = home.read(source_dir() / "docs" / "pm2-differences.md");
    std::vector<Difference> differences(known_differences().begin(), known_differences().end());
    for (const Difference& difference : differences) {
        INFO(difference.name);
        CHECK(used.contains(difference.name));
    }
    differences.insert(differences.end(), differences_everywhere().begin(), differences_everywhere().end());
    for (const Difference& difference : differences) {
        INFO(difference.row);
        CHECK(documentation.find("| " + std::string(difference.row) + " |") != std::string::npos);
    }
}

TEST_CASE("cli parity: masks keep the width of a cell, whatever was in it", "[e2e][parity]") {
    CHECK(masked("│ uptime            │ 9s                  │", {}) ==
          masked("│ uptime            │ 10s                 │", {}));
    CHECK(masked("│ uptime            │ 9s                  │", {}) !=
          masked("│ uptime            │ 10s                  │", {}));
    CHECK(masked("│ uptime            │ 9s                  │", {}) !=
          masked("│ uptime            │ 0                   │", {}));
    CHECK(masked("│ unstable restarts │ 0                   │", {}) ==
          masked("│ unstable restarts │ 12                  │", {}));
    CHECK(masked("│ created at        │ 2026-01-02T03:04:05.678Z │", {}) == "│ created at        │ <time> │");
}

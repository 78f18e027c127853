#include "daemon/core/proc_stat.h"

#include <catch2/catch.hpp>
#include <string>

using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

std::string stat_of(const std::string& name) {
    return "4242 (" + name +
           ") S 17 4242 4241 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 11 0 987654 1000000 2048 "
           "18446744073709551615 1 1 0 0\n";
}

ProcSample sample(std::uint64_t user, std::uint64_t system, std::chrono::milliseconds at,
                  std::uint64_t start = 1) {
    ProcSample result;
    result.stat.user_ticks = user;
    result.stat.system_ticks = system;
    result.stat.start_ticks = start;
    result.at = std::chrono::steady_clock::time_point{at};
    return result;
}

}  // namespace

TEST_CASE("proc stat: the name may hold spaces and parentheses", "[unit][proc_stat]") {
    for (const char* name : {"node", "tmux: server", "a) S 1 (b", ") R 9 9 9", ""}) {
        CAPTURE(name);
        const auto stat = parse_proc_stat(stat_of(name));
        REQUIRE(stat.has_value());
        CHECK(stat->state == 'S');
        CHECK(stat->parent_pid == 17);
        CHECK(stat->group == 4242);
        CHECK(stat->session == 4241);
        CHECK(stat->user_ticks == 150);
        CHECK(stat->system_ticks == 50);
        CHECK(stat->start_ticks == 987654);
        CHECK(stat->resident_pages == 2048);
    }
}

TEST_CASE("proc stat: a cut or strange text is an error", "[unit][proc_stat]") {
    CHECK_FALSE(parse_proc_stat("").has_value());
    CHECK_FALSE(parse_proc_stat("4242 (node").has_value());
    CHECK_FALSE(parse_proc_stat("4242 (node) S 1 2 3").has_value());
    std::string text = stat_of("node");
    text.replace(text.find("987654"), 6, "98x654");
    CHECK_FALSE(parse_proc_stat(text).has_value());
}

TEST_CASE("proc stat: CPU is ticks over time, of one core, with one decimal", "[unit][proc_stat]") {
    CHECK(cpu_percent(sample(0, 0, 0ms), sample(30, 20, 1000ms), 100) == 50.0);
    CHECK(cpu_percent(sample(100, 100, 0ms), sample(300, 200, 1000ms), 100) == 300.0);
    CHECK(cpu_percent(sample(0, 0, 0ms), sample(1, 0, 3000ms), 100) == 0.3);
}

TEST_CASE("proc stat: a reused pid, a clock that stood still and falling ticks are 0", "[unit][proc_stat]") {
    CHECK(cpu_percent(sample(0, 0, 0ms, 1), sample(50, 0, 1000ms, 2), 100) == 0);
    CHECK(cpu_percent(sample(0, 0, 5ms), sample(50, 0, 5ms), 100) == 0);
    CHECK(cpu_percent(sample(50, 0, 0ms), sample(40, 0, 1000ms), 100) == 0);
}

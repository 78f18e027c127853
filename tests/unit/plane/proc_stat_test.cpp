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

ProcSample sample(std::chrono::milliseconds used, std::chrono::milliseconds at, std::uint64_t start = 1) {
    return {used, start, std::chrono::steady_clock::time_point{at}};
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

TEST_CASE("proc stat: the resident set of statm is its second number", "[unit][proc_stat]") {
    CHECK(resident_pages_in("614 142 107 11 0 110 0\n") == 142);
    CHECK(resident_pages_in("0 0") == 0);
    for (const char* text : {"", "614", "614 ", "614 x", "614 -1"}) CHECK_FALSE(resident_pages_in(text));
}

TEST_CASE("proc stat: CPU is time used over time passed, of one core, with one decimal",
          "[unit][proc_stat]") {
    CHECK(cpu_percent(sample(0ms, 0ms), sample(500ms, 1000ms)) == 50.0);
    CHECK(cpu_percent(sample(2000ms, 0ms), sample(5000ms, 1000ms)) == 300.0);
    CHECK(cpu_percent(sample(0ms, 0ms), sample(10ms, 3000ms)) == 0.3);
}

TEST_CASE("proc stat: a reused pid, a clock that stood still and falling times are 0", "[unit][proc_stat]") {
    CHECK(cpu_percent(sample(0ms, 0ms, 1), sample(500ms, 1000ms, 2)) == 0);
    CHECK(cpu_percent(sample(0ms, 5ms), sample(500ms, 5ms)) == 0);
    CHECK(cpu_percent(sample(500ms, 0ms), sample(400ms, 1000ms)) == 0);
}

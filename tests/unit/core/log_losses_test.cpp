#include "daemon/core/log_losses.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;

TEST_CASE("log losses: each file's trouble counts once, also when it goes on", "[unit][core]") {
    LogLosses losses;
    losses.note({1, "/a", "cannot write '/a': full", 0, false});
    CHECK(losses.facts() == Json{{"dropped_bytes", 0}, {"failure", "cannot write '/a': full"}});
    losses.note({1, "/a", "", 10, false});
    losses.note({1, "/a", "", 25, false});
    losses.note({1, "/b", "cannot open '/b': gone", 0, false});
    losses.note({1, "/b", "", 4, false});
    CHECK(losses.dropped() == 29);
    CHECK(losses.facts()["failure"] == "cannot write '/a': full");
}

TEST_CASE("log losses: what was lost is kept when a file can be written again", "[unit][core]") {
    LogLosses losses;
    losses.note({1, "/a", "cannot write '/a': full", 0, false});
    losses.note({1, "/a", "", 10, false});
    losses.note({1, "/a", "", 12, true});
    CHECK(losses.facts() == Json{{"dropped_bytes", 12}});
    losses.note({1, "/a", "cannot write '/a': full again", 0, false});
    losses.note({1, "/a", "", 3, true});
    CHECK(losses.facts() == Json{{"dropped_bytes", 15}});
}

TEST_CASE("log losses: the end of a process ends its trouble, and takes nothing from another's",
          "[unit][core]") {
    LogLosses losses;
    losses.note({1, "/a", "cannot write '/a': full", 0, false});
    losses.note({1, "/a", "", 10, false});
    losses.note({2, "/a", "cannot write '/a': full", 0, false});
    CHECK(losses.dropped() == 10);
    losses.note({1, "/a", "", 12, true});
    CHECK(losses.facts() == Json{{"dropped_bytes", 12}, {"failure", "cannot write '/a': full"}});
    losses.note({2, "/a", "", 5, true});
    CHECK(losses.facts() == Json{{"dropped_bytes", 17}});
}

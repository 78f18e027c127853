#include "daemon/core/log_losses.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;

TEST_CASE("log losses: each file's trouble counts once, also when it goes on", "[unit][core]") {
    LogLosses losses;
    losses.note({"/a", "cannot write '/a': full", 0, false});
    CHECK(losses.facts() == Json{{"dropped_bytes", 0}, {"failure", "cannot write '/a': full"}});
    losses.note({"/a", "", 10, false});
    losses.note({"/a", "", 25, false});
    losses.note({"/b", "cannot open '/b': gone", 0, false});
    losses.note({"/b", "", 4, false});
    CHECK(losses.dropped() == 29);
    CHECK(losses.facts()["failure"] == "cannot write '/a': full");
}

TEST_CASE("log losses: what was lost is kept when a file can be written again", "[unit][core]") {
    LogLosses losses;
    losses.note({"/a", "cannot write '/a': full", 0, false});
    losses.note({"/a", "", 10, false});
    losses.note({"/a", "", 12, true});
    CHECK(losses.facts() == Json{{"dropped_bytes", 12}});
    losses.note({"/a", "cannot write '/a': full again", 0, false});
    losses.note({"/a", "", 3, true});
    CHECK(losses.facts() == Json{{"dropped_bytes", 15}});
}

#include "cli/session.h"

#include <catch2/catch.hpp>

namespace kpm::cli {

TEST_CASE("session: a daemon that does not tell its keeper's version has that of its time", "[unit][cli]") {
    CHECK(keeper_version_in(Json::object()) == 4);
    CHECK(keeper_version_in(Json{{"keeper", "new"}}) == 4);
    CHECK(keeper_version_in(Json{{"keeper", 5}}) == 5);
    CHECK(keeper_version_in(Json()) == 4);
}

}  // namespace kpm::cli

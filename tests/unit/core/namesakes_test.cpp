#include "daemon/core/namesakes.h"

#include <catch2/catch.hpp>

using kpm::core::Namesakes;

TEST_CASE("namesakes: numbers count up, and holes are filled from below", "[unit][core]") {
    Namesakes names;
    CHECK(names.free_index("web") == 0);
    for (int i = 0; i < 4; ++i) names.add("web", 10 + i, names.free_index("web"));
    CHECK(names.free_index("web") == 4);
    names.remove("web", 12, 2);
    names.remove("web", 11, 1);
    CHECK(names.free_index("web") == 1);
    names.add("web", 14, 1);
    CHECK(names.free_index("web") == 2);
    names.add("web", 15, 2);
    CHECK(names.free_index("web") == 4);
    CHECK(names.ids("web") == std::vector<int>{10, 13, 14, 15});
}

TEST_CASE("namesakes: each name counts for itself", "[unit][core]") {
    Namesakes names;
    names.add("web", 0, 0);
    CHECK(names.free_index("api") == 0);
    CHECK_FALSE(names.has_index("api", 0));
    CHECK(names.has_index("web", 0));
    CHECK(names.ids("api").empty());
}

TEST_CASE("namesakes: a number that two have is free when both are gone", "[unit][core]") {
    Namesakes names;
    names.add("web", 0, 3);
    names.add("web", 1, 3);
    names.add("web", 2, 0);
    names.remove("web", 0, 3);
    CHECK(names.has_index("web", 3));
    names.remove("web", 1, 3);
    CHECK_FALSE(names.has_index("web", 3));
    CHECK(names.free_index("web") == 1);
}

TEST_CASE("namesakes: what is added or removed twice counts once", "[unit][core]") {
    Namesakes names;
    names.add("web", 0, 0);
    names.add("web", 0, 0);
    names.remove("web", 0, 0);
    names.remove("web", 0, 0);
    CHECK(names.ids("web").empty());
    CHECK(names.free_index("web") == 0);
}

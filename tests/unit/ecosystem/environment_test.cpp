#include "ecosystem/environment.h"

#include <catch2/catch.hpp>

using namespace kpm::ecosystem;

TEST_CASE("environment: setting keeps the place of a known variable", "[unit][ecosystem]") {
    Environment env{{"A", "1"}, {"B", "2"}};
    merge_environment(env, {{"A", "3"}, {"C", "4"}});
    CHECK(env == Environment{{"A", "3"}, {"B", "2"}, {"C", "4"}});
    CHECK(*find_variable(env, "C") == "4");
    CHECK(find_variable(env, "D") == nullptr);
}

TEST_CASE("environment: the system's block is read", "[unit][ecosystem]") {
    const char* const block[] = {"A=1", "B=x=y", "=odd", "nothing", "C=", nullptr};
    CHECK(environment_from(block) == Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}});
}

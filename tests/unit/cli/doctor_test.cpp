#include "cli/doctor/check.h"

#include <catch2/catch.hpp>

namespace kpm::cli {
namespace {

const std::vector<Check> kMixed{{"home", Health::Ok, "fine", ""},
                                {"dump", Health::Warn, "nothing is saved", "kpm save"},
                                {"daemon", Health::Fail, "does not answer", "look at the log"}};

}  // namespace

TEST_CASE("doctor: only a failure makes it ill", "[unit][cli][doctor]") {
    CHECK_FALSE(is_well(kMixed));
    CHECK(is_well(std::span(kMixed).first(2)));
    CHECK(is_well({}));
}

TEST_CASE("doctor: a line for each check, its advice below, a sum", "[unit][cli][doctor]") {
    CHECK(checks_text(kMixed, Paint(false)) ==
          "✓ home    fine\n"
          "! dump    nothing is saved\n"
          "          → kpm save\n"
          "✗ daemon  does not answer\n"
          "          → look at the log\n"
          "1 ok, 1 to look at, 1 wrong\n");
}

TEST_CASE("doctor: facts", "[unit][cli][doctor]") {
    const Json facts = checks_facts(kMixed);
    CHECK(facts["ok"] == false);
    CHECK(facts["checks"].size() == 3);
    CHECK(facts["checks"][1] ==
          Json{{"name", "dump"}, {"state", "warn"}, {"finding", "nothing is saved"}, {"advice", "kpm save"}});
}

}  // namespace kpm::cli

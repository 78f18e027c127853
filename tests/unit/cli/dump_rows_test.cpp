#include "cli/dump_rows.h"

#include <catch2/catch.hpp>

#include "golden.h"

namespace kpm::cli {

TEST_CASE("dump: one element per instance, without modules and without what belongs to one run",
          "[unit][cli][dump]") {
    const Json data = golden_json("monitor_data_module.json");
    const Json dump = dump_of(read_rows(data));
    REQUIRE(dump.size() == 1);
    CHECK(dump[0]["name"] == "api");
    CHECK_FALSE(dump[0].contains("pm_id"));
    CHECK_FALSE(dump[0].contains("instances"));
    CHECK(dump[0]["restart_time"] == 3);
}

}  // namespace kpm::cli

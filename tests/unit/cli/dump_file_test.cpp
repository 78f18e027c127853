#include "cli/dump_file.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "golden.h"

namespace kpm::cli {
namespace {

class TempHome {
public:
    TempHome() {
        char pattern[] = "/tmp/kpm-home-XXXXXX";
        root_ = mkdtemp(pattern);
    }
    ~TempHome() { std::filesystem::remove_all(root_); }
    TempHome(const TempHome&) = delete;
    TempHome& operator=(const TempHome&) = delete;

    ipc::Home home() const { return ipc::Home(root_); }

private:
    std::filesystem::path root_;
};

}  // namespace

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

TEST_CASE("dump: the former file is kept as backup and read when the new one is broken",
          "[unit][cli][dump]") {
    const TempHome temp;
    REQUIRE(write_dump(temp.home(), Json::array({{{"name", "old"}}})));
    REQUIRE(write_dump(temp.home(), Json::array({{{"name", "new"}}})));
    CHECK(read_dump(temp.home())->apps[0]["name"] == "new");
    std::ofstream(temp.home().dump()) << "[{\"name\":";
    const auto dump = read_dump(temp.home());
    REQUIRE(dump);
    CHECK(dump->apps[0]["name"] == "old");
    CHECK(dump->warnings == std::vector{"Failed to parse dump file in " + temp.home().dump().string()});
    CHECK(std::filesystem::exists(temp.home().dump()));
}

TEST_CASE("dump: without a file there is nothing to restore", "[unit][cli][dump]") {
    const TempHome temp;
    CHECK(read_dump(temp.home()).error().code == ErrorCode::NotFound);
    REQUIRE(write_dump(temp.home(), Json::array()));
    CHECK(read_dump(temp.home())->apps.empty());
}

}  // namespace kpm::cli

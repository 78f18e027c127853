#include "ecosystem/doc_page.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace kpm::ecosystem;

TEST_CASE("doc page: docs/config.md is what the table says", "[unit][ecosystem]") {
    const char* source = std::getenv("KPM_SOURCE_DIR");
    REQUIRE(source != nullptr);
    const std::string path = std::string(source) + "/docs/config.md";
    if (const char* regenerate = std::getenv("KPM_REGENERATE"); regenerate && std::string(regenerate) == "1")
        std::ofstream(path) << config_page();
    std::ifstream file(path);
    const std::string committed{std::istreambuf_iterator<char>(file), {}};
    INFO("run this test with KPM_REGENERATE=1 to write " << path);
    CHECK(committed == config_page());
}

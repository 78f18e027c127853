#include "cli/watched_endings.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace kpm::cli {

TEST_CASE("--ext: a pattern for other endings, names for files without one", "[unit][cli]") {
    const TempDir folder;
    std::filesystem::create_directories(folder.path() / "sub");
    std::filesystem::create_directories(folder.path() / "node_modules");
    for (const char* name : {"Makefile", "sub/README", "app.js", "node_modules/x", ".hidden"})
        std::ofstream(folder.path() / name) << "x";
    auto ignored = ignored_but("js, .json", folder.path().string());
    REQUIRE(ignored);
    REQUIRE(ignored->size() == 5);
    CHECK((*ignored)[0] == "**/*.!(*.*|js|json)");
    const auto has = [&](const std::string& path) {
        return std::ranges::find(*ignored, path) != ignored->end();
    };
    CHECK(has((folder.path() / "Makefile").string()));
    CHECK(has((folder.path() / "sub" / "README").string()));
}

TEST_CASE("--ext: what is no ending is refused", "[unit][cli]") {
    for (const char* endings : {"", "js,", "*", "a/b", "a|b"}) CHECK_FALSE(ignored_but(endings, "/"));
}

}  // namespace kpm::cli

#include "ecosystem/read_js.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "ecosystem/resolve.h"
#include "temp_folder.h"

using namespace kpm;
using namespace kpm::ecosystem;

TEST_CASE("read js: without an engine the error names the formats that need none", "[unit][ecosystem]") {
    const TempFolder folder;
    auto value = read_js(folder.file("a.config.js", ""), {{{"PATH", folder.path()}}, {}});
    REQUIRE_FALSE(value);
    CHECK(value.error().code == ErrorCode::Unavailable);
    CHECK(value.error().message.find(".json and .yaml") != std::string::npos);
}

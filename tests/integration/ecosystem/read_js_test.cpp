#include "ecosystem/read_js.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "ecosystem/read_config.h"
#include "ecosystem/resolve.h"
#include "tests/unit/ecosystem/temp_folder.h"

using namespace kpm;
using namespace kpm::ecosystem;

// Evaluating needs a JavaScript engine; on a machine without one these cases state that and check nothing
// else.
TEST_CASE("read js: modules of both kinds are evaluated", "[integration][ecosystem]") {
    const Environment env = environment_from(environ);
    if (!find_in_path("node", env)) {
        WARN("no node in PATH: JavaScript configuration files are not checked");
        return;
    }
    const TempFolder folder;
    auto value = read_js(folder.file("a.config.js",
                                     "console.log('noise');\n"
                                     "module.exports = {apps: [{name: 'a', ignore_watch: [/x+/]}]};\n"
                                     "setInterval(() => {}, 1000);\n"),
                         env);
    REQUIRE(value);
    CHECK(*value == Json::parse(R"({"apps": [{"name": "a", "ignore_watch": ["x+"]}]})"));

    value = read_js(folder.file("b.config.mjs", "export default {apps: [{name: 'b'}]};"), env);
    REQUIRE(value);
    CHECK(*value == Json::parse(R"({"apps": [{"name": "b"}]})"));

    value = read_js(folder.file("c.config.mjs", "export const apps = [{name: 'c'}];"), env);
    REQUIRE(value);
    CHECK(*value == Json::parse(R"({"apps": [{"name": "c"}]})"));

    auto file =
        read_config(folder.file("d.config.cjs", "exports.apps = [{name: 'd', max_restarts: 'many'}];"));
    REQUIRE_FALSE(file);
    CHECK(file.error().message.find("apps[0].max_restarts: expected") != std::string::npos);
}

TEST_CASE("read js: the error tells what the engine said", "[integration][ecosystem]") {
    const Environment env = environment_from(environ);
    if (!find_in_path("node", env)) {
        WARN("no node in PATH: JavaScript configuration files are not checked");
        return;
    }
    const TempFolder folder;
    const std::string path = folder.file("a.config.js", "module.exports = {apps: [nothing]};");
    auto value = read_js(path, env);
    REQUIRE_FALSE(value);
    CHECK(value.error().message ==
          "cannot evaluate '" + path + "' with node: ReferenceError: nothing is not defined");
}

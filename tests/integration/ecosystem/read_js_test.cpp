#include "ecosystem/read_js.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "ecosystem/read_config.h"
#include "ecosystem/resolve.h"
#include "tests/unit/ecosystem/temp_folder.h"

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

// Evaluating needs a JavaScript engine; on a machine without one these cases state that and check nothing
// else.
bool has_engine() {
    if (find_in_path("node", environment_from(environ))) return true;
    WARN("no node in PATH: JavaScript configuration files are not checked");
    return false;
}

JsInput own_input() {
    return {environment_from(environ), {}};
}

Json value_of(const std::string& name, const std::string& text) {
    const TempFolder folder;
    auto value = read_js(folder.file(name, text), own_input());
    if (!value) FAIL(value.error().message);
    return value->exported;
}

Environment env_after(const std::string& name, const std::string& text, Environment env) {
    const TempFolder folder;
    set_variable(env, "PATH", *find_variable(environment_from(environ), "PATH"));
    auto module = read_js(folder.file(name, text), {env, {"/usr/bin/kpm", "start"}});
    if (!module) FAIL(module.error().message);
    unset_variable(module->env, "PATH");
    return module->env;
}

// With the file's path as FILE.
std::string error_of(const std::string& name, const std::string& text) {
    const TempFolder folder;
    const std::string path = folder.file(name, text);
    auto value = read_js(path, own_input());
    REQUIRE_FALSE(value);
    std::string message = value.error().message;
    for (auto at = message.find(path); at != std::string::npos; at = message.find(path, at + 4))
        message.replace(at, path.size(), "FILE");
    return message;
}

}  // namespace

TEST_CASE("resolve: TypeScript without bun asks Node for its version", "[integration][ecosystem]") {
    const TempFolder folder;
    AppConfig app;
    app.script = folder.file("x.ts", "");
    ResolveContext context;
    context.cwd = folder.path();
    context.env = {{"PATH", folder.path()}};
    folder.file("node", "#!/bin/sh\necho v22.7.0\n", true);
    auto resolved = resolve(app, context);
    REQUIRE(resolved);
    CHECK(resolved->config.interpreter == "node");
    CHECK(resolved->config.interpreter_args == std::vector<std::string>{"--experimental-strip-types"});
    folder.file("node", "#!/bin/sh\necho v20.1.0\n", true);
    resolved = resolve(app, context);
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().message ==
          "TypeScript needs bun, Node.js 22.6 or later (this is v20.1.0), or an interpreter of your own, "
          "such as "
          "--interpreter ts-node");
    app.interpreter = "node";  // it knows better
    CHECK(resolve(app, context));
}

TEST_CASE("read js: what modules of both kinds export is read", "[integration][ecosystem]") {
    if (!has_engine()) return;
    const Json expected = Json::parse(R"({"apps": [{"name": "a"}]})");
    CHECK(value_of("a.config.js", "module.exports = {apps: [{name: 'a'}]};") == expected);
    CHECK(value_of("a.config.cjs", "exports.apps = [{name: 'a'}];") == expected);
    CHECK(value_of("a.config.mjs", "export default {apps: [{name: 'a'}]};") == expected);
    CHECK(value_of("a.config.mjs", "export const apps = [{name: 'a'}];") == expected);
    CHECK(value_of("a.config.js",
                   "Object.defineProperty(exports, '__esModule', {value: true});\n"
                   "exports.default = {apps: [{name: 'a'}]};") == expected);
}

TEST_CASE("read js: a promise is awaited", "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(value_of("a.config.js", "module.exports = new Promise(done => setTimeout(() => done([]), 1));") ==
          Json::array());
    CHECK(value_of("a.config.mjs", "export default await Promise.resolve([]);") == Json::array());
    CHECK(error_of("a.config.js", "module.exports = Promise.reject(new Error('no'));")
              .ends_with("with node: FILE:1: Error: no"));
}

TEST_CASE("read js: what the file prints or leaves running does not disturb", "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(value_of("a.config.js",
                   "console.log('noise {'); process.stdout.write('\"');\nconsole.error('Error: noise');\n"
                   "module.exports = [{ignore_watch: [/x+/], f() {}, u: undefined}];\n"
                   "setInterval(() => {}, 1000);\n") ==
          Json::parse(R"([{"ignore_watch": ["regexp:/x+/"]}])"));
}

TEST_CASE("read js: regular expressions for paths stay such, others become their source, functions nothing",
          "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(
        value_of("a.config.js",
                 "module.exports = {apps: [{ignore_watch: /a b\\/c/i, env: {A: /x+/},\n"
                 "  watch_options: {ignored: ['a', /b/g]}}, {watch_options: {ignored: (path) => true}}]};") ==
        Json::parse(R"({"apps": [{"ignore_watch": ["regexp:/a b\\/c/i"], "env": {"A": "x+"},
                          "watch_options": {"ignored": ["a", "regexp:/b/g"]}},
                         {"watch_options": {"ignored": null}}]})"));
}

TEST_CASE("read js: a function is not called", "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(error_of("a.config.js", "module.exports = () => ({apps: []});") ==
          "cannot evaluate 'FILE' with node: TypeError: expected an object, found a function, which is not "
          "called");
}

TEST_CASE("read js: an error has the file and line that the engine tells", "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(error_of("a.config.js", "module.exports = {\n  apps: [nothing]};") ==
          "cannot evaluate 'FILE' with node: FILE:2: ReferenceError: nothing is not defined");
    CHECK(error_of("a.config.js", "module.exports = {\n\n  apps: [.]};") ==
          "cannot evaluate 'FILE' with node: FILE:3: SyntaxError: Unexpected token '.'");
    CHECK(error_of("a.config.mjs", "\nexport default {apps: [.]};") ==
          "cannot evaluate 'FILE' with node: FILE:2: SyntaxError: Unexpected token '.'");
    CHECK(error_of("a.config.js", "\nrequire('./missing');") ==
          "cannot evaluate 'FILE' with node: FILE:2: Error: Cannot find module './missing'");
    CHECK(error_of("a.config.js", "const a = {}; a.a = a; module.exports = a;") ==
          "cannot evaluate 'FILE' with node: TypeError: Converting circular structure to JSON");
    CHECK(error_of("a.config.js", "process.exit(3);") ==
          "cannot evaluate 'FILE' with node: it ended with exit code 3 before it had exported anything");
    CHECK(error_of("a.config.js", "process.kill(process.pid, 'SIGKILL');") ==
          "cannot evaluate 'FILE' with node: it was ended by signal 9");
}

TEST_CASE("read js: what the file does to process.env is told", "[integration][ecosystem]") {
    if (!has_engine()) return;
    const Environment given{{"KEPT", "1"}, {"OLD", "a"}, {"GONE", "b"}};
    const Environment expected{{"KEPT", "1"}, {"OLD", "c"}, {"NEW", "d=\n\"e\""}, {"NUMBER", "7"}};
    const std::string changes =
        "process.env.OLD = 'c'; delete process.env.GONE; process.env.NEW = 'd=\\n\"e\"';\n"
        "process.env.NUMBER = 7;\n";
    CHECK(env_after("a.config.js", changes + "module.exports = [];", given) == expected);
    CHECK(env_after("a.config.cjs", changes + "module.exports = [];", given) == expected);
    CHECK(env_after("a.config.mjs", changes + "export default [];", given) == expected);
    // What kpm tells the evaluation with is none of it.
    CHECK(env_after("a.config.js", "module.exports = [];", given) == given);
    CHECK(
        value_of("a.config.js",
                 "module.exports = Object.keys(process.env).filter(key => key.startsWith('KPM_CONFIG'));") ==
        Json::array());
}

TEST_CASE("read js: process.argv is the command line", "[integration][ecosystem]") {
    if (!has_engine()) return;
    const TempFolder folder;
    JsInput input = own_input();
    input.arguments = {"/usr/bin/kpm", "start", "a b", "", "--env", "production"};
    const auto argv_of = [&](const std::string& name, const std::string& text) {
        auto module = read_js(folder.file(name, text), input);
        if (!module) FAIL(module.error().message);
        return module->exported;
    };
    const std::string argv = "[process.argv[0] === process.execPath, ...process.argv.slice(1)]";
    const Json expected{true, "/usr/bin/kpm", "start", "a b", "", "--env", "production"};
    CHECK(argv_of("a.config.js", "module.exports = " + argv) == expected);
    CHECK(argv_of("a.config.mjs", "export default " + argv) == expected);
    CHECK(argv_of("b.config.mjs", "import {argv} from 'node:process'; export default argv.slice(1, 3);") ==
          Json{"/usr/bin/kpm", "start"});
    input.arguments.assign(kMaxArguments + 1, "x");
    CHECK(argv_of("a.config.js", "module.exports = [process.argv.length]") ==
          Json::array({kMaxArguments + 1}));
}

TEST_CASE("read js: of variables that the system cannot have, none is told", "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(env_after("a.config.js", "process.env = {'a=b': 'c', A: 'b\\0c', B: null}; module.exports = [];",
                    {{"OLD", "a"}, {"B", "b"}}) == Environment{});
}

TEST_CASE("read js: a file that does not end is killed", "[integration][ecosystem]") {
    if (!has_engine()) return;
    const TempFolder folder;
    const std::string path = folder.file("a.config.js", "for (;;);");
    auto value = read_js(path, own_input(), std::chrono::seconds{1});
    REQUIRE_FALSE(value);
    CHECK(value.error().code == ErrorCode::Unavailable);
    CHECK(value.error().message.starts_with("cannot evaluate '" + path + "': cannot run '"));
    CHECK(value.error().message.ends_with("': no end after 1s, it was killed"));
}

TEST_CASE("read js: a file that prints without end is killed", "[integration][ecosystem]") {
    if (!has_engine()) return;
    CHECK(error_of("a.config.js",
                   "const text = 'x'.repeat(65536);\n"
                   "for (;;) try { require('fs').writeSync(1, text); } catch {}\n")
              .ends_with("': more than 1M printed, it was killed"));
}

TEST_CASE("read js: values are checked like those of any file", "[integration][ecosystem]") {
    if (!has_engine()) return;
    const TempFolder folder;
    auto file = read_config(
        folder.file("d.config.cjs", "exports.apps = [{name: 'd', max_restarts: 'many'}];"), own_input());
    REQUIRE_FALSE(file);
    CHECK(file.error().message == folder.path() +
                                      "/d.config.cjs: apps[0].max_restarts: expected a number of at least 0, "
                                      "found \"many\"");
    file = read_config(
        folder.file("e.config.mjs", "export default {strict: true, apps: [{max_restart: 1}]};"), own_input());
    REQUIRE_FALSE(file);
    CHECK(file.error().message.ends_with("(did you mean 'max_restarts'?)"));
}

// Bun and Deno, each the only JavaScript runtime that there is: configuration files in JavaScript, and apps.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::runtimes_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

fs::path program(const std::string& runtime) {
    const char* folder = std::getenv("KPM_RUNTIMES");
    if (!folder) throw std::runtime_error("KPM_RUNTIMES is not set: run the tests through ctest");
    return fs::path(folder) / runtime;
}

// A PATH with the runtime and what shell scripts need, and without node.
struct OnlyRuntime {
    explicit OnlyRuntime(const std::string& runtime) {
        for (const auto& [name, target] : {std::pair{runtime, fs::canonical(program(runtime))},
                                           std::pair{std::string("sh"), fs::path("/bin/sh")},
                                           std::pair{std::string("sleep"), fs::path("/bin/sleep")}}) {
            fs::create_directories(kpm.work() / "bin");
            fs::create_symlink(target, kpm.work() / "bin" / name);
        }
    }

    CommandResult run(std::vector<std::string> args) const {
        auto env = kpm.env();
        env["PATH"] = kpm.work() / "bin";
        env["HOME"] = kpm.work();  // Deno keeps a cache there
        args.insert(args.begin(), bin_dir() / "kpm");
        return run_command(args, env, kpm.work());
    }

    KpmHome kpm;
};

Json environment_of(const KpmHome& kpm, const std::string& name) {
    return kpm.find(name)["pm2_env"]["env"];
}

}  // namespace

TEST_CASE("runtimes: configuration files in JavaScript are evaluated without node", "[e2e]") {
    for (const char* runtime : {"bun", "deno"}) {
        INFO(runtime);
        const OnlyRuntime only(runtime);
        const KpmHome& kpm = only.kpm;
        kpm.write("app.sh", "exec sleep 600\n");
        const std::string app =
            "{name: NAME, script: './app.sh', interpreter: 'sh', env: {RUNTIME: process.versions.bun ? 'bun' "
            ": process.versions.deno ? 'deno' : 'node'}}";
        const auto named = [&](const std::string& name) {
            std::string text = app;
            return text.replace(text.find("NAME"), 4, "'" + name + "'");
        };
        kpm.write("a.config.js",
                  "const path = require('path');\nmodule.exports = {apps: [" + named("js") + "]};\n");
        kpm.write("b.config.cjs", "module.exports = [" + named("cjs") + "];\n");
        kpm.write("c.config.mjs",
                  "import process from 'node:process';\nexport default {apps: [" + named("mjs") + "]};\n");
        for (const auto& [file, name] :
             {std::pair{"a.config.js", "js"}, {"b.config.cjs", "cjs"}, {"c.config.mjs", "mjs"}}) {
            const CommandResult started = only.run({"start", file});
            INFO(file << ": " << started.out << started.err);
            CHECK(started.status == 0);
            REQUIRE_FALSE(kpm.find(name).is_null());
            CHECK(environment_of(kpm, name)["RUNTIME"] == runtime);
        }
    }
}

TEST_CASE("runtimes: an error in such a file is told with its line", "[e2e]") {
    for (const char* runtime : {"bun", "deno"}) {
        const OnlyRuntime only(runtime);
        const auto error_of = [&](const std::string& text) {
            only.kpm.write("x.config.js", text);
            const CommandResult refused = only.run({"start", "x.config.js"});
            CHECK(refused.status == 1);
            return refused.err;
        };
        const std::string head = std::string(" with ") + runtime + ": ";
        const std::string path = only.kpm.work() / "x.config.js";
        std::string error = error_of("module.exports = {\n  apps: [nothing]};\n");
        INFO(error);
        CHECK(error.find(head + path + ":2: ReferenceError: nothing is not defined\n") != std::string::npos);
        error = error_of("module.exports = {\n\n  apps: [.]};\n");
        INFO(error);
        CHECK(error.find(head + path + ":3: ") != std::string::npos);
        error = error_of("throw new Error(\n'odd: it says so');\n");
        INFO(error);
        CHECK(error.find("odd: it says so\n") !=
              std::string::npos);  // Bun leaves out what kind of error it is
        CHECK(error.find("throw") == std::string::npos);
        error = error_of("module.exports = () => ({apps: []});\n");
        INFO(error);
        CHECK(error.find(head + "TypeError: expected an object, found a function, which is not called\n") !=
              std::string::npos);
        CHECK(error.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("runtimes: without any, the error names the formats that need none", "[e2e]") {
    const OnlyRuntime only("bun");
    fs::remove(only.kpm.work() / "bin" / "bun");
    only.kpm.write("x.config.js", "module.exports = {apps: []};\n");
    const CommandResult refused = only.run({"start", "x.config.js"});
    CHECK(refused.status == 1);
    CHECK(
        refused.err.find("none of node, bun and deno is in PATH; .json and .yaml files need none of them") !=
        std::string::npos);
}

TEST_CASE("runtimes: apps of Bun and Deno have the message channel in fork mode", "[e2e]") {
    for (const char* runtime : {"bun", "deno"}) {
        INFO(runtime);
        const OnlyRuntime only(runtime);
        const KpmHome& kpm = only.kpm;
        // It becomes ready by a message, and ends by one.
        kpm.write("app.mjs",
                  "import process from 'node:process';\nimport fs from 'node:fs';\n"
                  "process.on('message', m => { fs.writeFileSync('said', m); process.exit(7); });\n"
                  "setTimeout(() => { fs.writeFileSync('ready', ''); process.send('ready'); }, 200);\n"
                  "setInterval(() => {}, 1000);\n");
        Json app{{"name", "app"},
                 {"script", "app.mjs"},
                 {"interpreter", runtime},
                 {"exec_mode", "fork"},
                 {"wait_ready", true},
                 {"listen_timeout", 20000},
                 {"shutdown_with_message", true},
                 {"kill_timeout", 20000}};
        if (std::string(runtime) == "deno") app["interpreter_args"] = {"run", "-A"};
        kpm.write("ecosystem.json", Json{{"apps", Json::array({app})}}.dump());
        const CommandResult started = only.run({"start", "ecosystem.json"});
        INFO(started.out << started.err << kpm.read(kpm.home() / "logs" / "app-error.log"));
        REQUIRE(started.status == 0);
        CHECK(fs::exists(kpm.work() / "ready"));
        CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
        CHECK(only.run({"stop", "app"}).status == 0);
        CHECK(kpm.read(kpm.work() / "said") == "shutdown");
        CHECK(kpm.find("app")["pm2_env"]["exit_code"] == 7);
    }
}

TEST_CASE("runtimes: the version of Node that Bun stands in for is shown, as PM2 does", "[e2e]") {
    const OnlyRuntime only("bun");
    const KpmHome& kpm = only.kpm;
    kpm.write("app.ts", "const count: number = 1000;\nsetInterval(() => {}, count);\n");
    const CommandResult started = only.run({"start", "app.ts"});
    INFO(started.out << started.err);
    REQUIRE(started.status == 0);
    const std::string expected =
        run_command({program("bun"), "-e", "process.stdout.write(process.version.slice(1))"}).out;
    REQUIRE(expected.find('.') != std::string::npos);
    CHECK(eventually([&] { return kpm.find("app")["pm2_env"].value("node_version", "") == expected; }));
    CHECK(kpm.find("app")["pm2_env"]["exec_interpreter"] == "bun");
}

}  // namespace kpm::runtimes_test

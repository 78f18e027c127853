#include "cli/last_exit.h"

#include <catch2/catch.hpp>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace kpm::cli {
namespace {

Json row_of(const std::string& status, Json env) {
    env["status"] = status;
    return {{"name", "web"}, {"pm_id", 0}, {"pid", 0}, {"pm2_env", std::move(env)}};
}

}  // namespace

TEST_CASE("last exit: a code, a signal by name, or the reason of a failed start", "[unit][cli]") {
    CHECK(exit_cause({{"exit_code", 3}}) == "exit code 3");
    CHECK(exit_cause({{"exit_code", 0}}) == "exit code 0");
    // Beside a signal PM2's exit_code is 0 and says nothing.
    CHECK(exit_cause({{"exit_code", 0}, {"exit_signal", 9}}) == "signal SIGKILL");
    CHECK(exit_cause({{"exit_signal", 40}}) == "signal 40");
    CHECK(exit_cause({{"failure", "cannot execute '/x'"}, {"exit_code", 1}}) == "cannot execute '/x'");
    CHECK(exit_cause(Json::object()).empty());
}

TEST_CASE("last exit: the end of the error log belongs to it when this life has written it", "[unit][cli]") {
    const TempDir folder;
    const std::string log = folder.path() / "error.log";
    std::ofstream(log) << "1\n2\n3\n4\n5\n6\n7\n8\n\n  at f (x.js:1)\n\x1b[31mnine";
    const auto exit_at = [&](std::int64_t launched) {
        const Json rows = Json::array(
            {row_of("errored", {{"exit_code", 1}, {"pm_err_log_path", log}, {"pm_uptime", launched}})});
        return last_exit_of(read_rows(rows).at(0));
    };
    const LastExit exit = exit_at(now_ms() - 60'000);
    CHECK(exit.errors == std::vector<std::string>{"2", "3", "4", "5", "6", "7", "8", "\x1b[31mnine"});
    CHECK(last_exit_text(exit, "  ") == "  last exit: exit code 1\n  2\n  3\n  4\n  5\n  6\n  7\n  8\n  " +
                                            printable("\x1b[31mnine") + "\n");
    CHECK(exit_at(now_ms() + 60'000).errors.empty());
    CHECK(exit_at(now_ms() + 60'000).cause == "exit code 1");
}

TEST_CASE("last exit: a long stack does not push out what has happened", "[unit][cli]") {
    const TempDir folder;
    const std::string log = folder.path() / "error.log";
    std::ofstream file(log);
    file << "Error: Cannot find module './x'\nRequire stack:\n- /app.js\n";
    for (int i = 0; i < 9; ++i) file << "    at Module._load (node:internal/modules/cjs/loader:986:27)\n";
    file << "    at node:internal/main/run_main_module:28:49 {\n  code: 'MODULE_NOT_FOUND'\n}\n\nNode.js "
            "v20.20.2\n";
    file.close();
    CHECK(errors_since(log, 0) ==
          std::vector<std::string>{"Error: Cannot find module './x'", "Require stack:", "- /app.js",
                                   "  code: 'MODULE_NOT_FOUND'", "}", "Node.js v20.20.2"});
    std::ofstream(log) << "Error: no\n    at f (x.js:1)\n";
    CHECK(errors_since(log, 0) ==
          std::vector<std::string>{"Error: no", "    at f (x.js:1)"});  // short enough
}

TEST_CASE("last exit: of a process that runs there is none", "[unit][cli]") {
    const Json rows = Json::array({row_of("online", {{"exit_code", 1}})});
    CHECK(last_exit_of(read_rows(rows).at(0)).cause.empty());
    CHECK(last_exit_text({}, "").empty());
}

}  // namespace kpm::cli

// What the environment of the daemon's start sets for all apps, under PM2's names.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>

#include "ipc/client.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"

namespace kpm::daemon_settings_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

using Variables = std::map<std::string, std::string>;

void start(const KpmHome& kpm, std::vector<std::string> words) {
    words.insert(words.begin(), "start");
    const CommandResult started = kpm.kpm(words);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
}

const std::string kWaits = "until [ -e go ]; do sleep 0.05; done\n";

// Ends three seconds after a SIGTERM, and writes down that it could.
constexpr const char* kSlow =
    "trap 'sleep 3; echo done > end; exit 0' TERM\ntrap 'echo interrupted > end; exit 0' INT\n"
    "echo up > up\nwhile :; do sleep 0.05; done\n";

}  // namespace

TEST_CASE("daemon settings: PM2_KILL_SIGNAL and PM2_KILL_TIMEOUT, which an app's own kill_timeout overrides",
          "[e2e]") {
    const bool is_own = GENERATE(false, true);
    const KpmHome kpm(Variables{{"PM2_KILL_SIGNAL", "SIGTERM"}, {"PM2_KILL_TIMEOUT", "60000"}});
    kpm.write("slow.sh", kSlow);
    std::vector<std::string> words{"slow.sh"};
    if (is_own) words.insert(words.end(), {"--kill-timeout", "200"});
    start(kpm, words);
    REQUIRE(eventually([&] { return fs::exists(kpm.work() / "up"); }));
    CHECK(kpm.kpm({"stop", "slow"}).status == 0);
    // PM2's own default would not have been enough, the app's own is not either.
    CHECK(kpm.read(kpm.work() / "end") == (is_own ? "" : "done\n"));
    CHECK(kpm.find("slow")["pm2_env"].value("exit_signal", 0) == (is_own ? 9 : 0));
}

TEST_CASE("daemon settings: PM2_KILL_USE_MESSAGE asks all apps by a message", "[e2e]") {
    const KpmHome kpm(Variables{{"PM2_KILL_USE_MESSAGE", "1"}, {"PM2_KILL_TIMEOUT", "20000"}});
    kpm.write(
        "polite.js",
        "process.on('message', m => { require('fs').writeFileSync('bye', m); process.exit(0) });\n"
        "process.on('SIGINT', () => { require('fs').writeFileSync('bye', 'signal'); process.exit(0) });\n"
        "process.send('ready');\nsetInterval(() => {}, 1000);\n");
    start(kpm, {"polite.js", "--wait-ready", "--listen-timeout", "20000"});
    CHECK(kpm.kpm({"stop", "polite"}).status == 0);
    CHECK(kpm.read(kpm.work() / "bye") == "shutdown");
}

TEST_CASE("daemon settings: PM2_GRACEFUL_LISTEN_TIMEOUT is how long an app may take without a listen_timeout",
          "[e2e]") {
    const bool is_own = GENERATE(false, true);
    const KpmHome kpm(Variables{{"PM2_GRACEFUL_LISTEN_TIMEOUT", "300"}});
    kpm.write("waits.sh", kWaits);
    std::vector<std::string> words{"start", "waits.sh", "--wait-ready"};
    if (is_own) words.insert(words.end(), {"--listen-timeout", "400"});
    const CommandResult late = kpm.kpm(words);
    INFO(late.err);
    CHECK(late.status == 1);
    CHECK(late.err.find(is_own ? "not ready within 400 ms" : "not ready within 300 ms") != std::string::npos);
}

TEST_CASE("daemon settings: after EXP_BACKOFF_RESET_TIMER of uptime the backoff is the first again",
          "[e2e]") {
    const KpmHome kpm(Variables{{"EXP_BACKOFF_RESET_TIMER", "300"}});
    kpm.write("lives.sh", "sleep 0.4\nexit 1\n");
    kpm.kpm({"start", "lives.sh", "--exp-backoff-restart-delay", "100"});
    const auto state = [&] { return kpm.find("lives")["pm2_env"]; };
    REQUIRE(eventually([&] { return state().value("restart_time", 0) >= 3; }));
    CHECK(state()["prev_restart_delay"] == 100);
}

TEST_CASE("daemon settings: PM2_PROCESS_INSTANCE_VAR names the number of the instance in every app",
          "[e2e]") {
    const KpmHome kpm(Variables{{"PM2_PROCESS_INSTANCE_VAR", "WORKER"}});
    kpm.write("app.sh", "exec sleep 600\n");
    start(kpm, {"app.sh", "-i", "2"});
    const Json rows = kpm.list();
    REQUIRE(rows.size() == 2);
    for (int i = 0; i < 2; ++i) {
        const int pid = rows[static_cast<std::size_t>(i)]["pid"];
        CHECK(variable_of(pid, "WORKER") == std::to_string(i));
        CHECK(variable_of(pid, "NODE_APP_INSTANCE") == "(none)");
    }
}

TEST_CASE("daemon settings: PM2_NODE_OPTIONS stand before the script of Node apps", "[e2e]") {
    const KpmHome kpm(Variables{{"PM2_NODE_OPTIONS", "--max-old-space-size=64 --trace-warnings"}});
    kpm.write("app.js",
              "require('fs').writeFileSync('args', process.execArgv.join(' ')); setInterval(() => {}, 1000)");
    start(kpm, {"app.js", "--node-args", "--no-deprecation"});
    CHECK(eventually([&] {
        return kpm.read(kpm.work() / "args") == "--no-deprecation --max-old-space-size=64 --trace-warnings";
    }));
}

TEST_CASE("daemon settings: the bus gets the daemon's lines bare, whatever its log looks like", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kWaits);
    start(kpm, {"app.sh"});
    auto subscriber = ipc::Subscriber::connect(ipc::Home(kpm.home()));
    REQUIRE(subscriber);
    REQUIRE(kpm.kpm({"ping"}).status == 0);  // the daemon knows of the subscriber by then
    REQUIRE(kpm.kpm({"restart", "app"}).status == 0);
    std::string said;
    while (said.find("App [app:0] online\n") == std::string::npos) {
        const auto event = subscriber->next(std::chrono::seconds(30));
        REQUIRE(event);
        REQUIRE(*event);
        if ((*event)->topic == "log:PM2") said += (*event)->payload["data"].get<std::string>();
    }
    CHECK(said.starts_with("App [app:0] "));
    CHECK(said.find("PM2 log:") == std::string::npos);
}

TEST_CASE("daemon settings: PM2_LOG_DATE_FORMAT dates the daemon's log; without one lines are bare",
          "[e2e]") {
    {
        const KpmHome kpm(Variables{{"PM2_LOG_DATE_FORMAT", "[on] YYYY"}});
        kpm.write("app.sh", kWaits + "exit 3\n");
        start(kpm, {"app.sh", "--no-autorestart"});
        kpm.write("go", "");
        CHECK(eventually([&] {
            return kpm.daemon_log().find(": PM2 log: App [app:0] exited with code [3]\n") !=
                   std::string::npos;
        }));
        CHECK(kpm.daemon_log().starts_with("on 20"));
    }
    const KpmHome kpm(Variables{{"PM2_LOG_DATE_FORMAT", ""}});
    // run_command() takes an empty value for a variable to be removed.
    const CommandResult up =
        run_command({"env", "PM2_LOG_DATE_FORMAT=", bin_dir() / "kpm", "ping"}, kpm.env(), kpm.work());
    REQUIRE(up.status == 0);
    kpm.write("app.sh", kWaits + "echo why >&2\nexit 3\n");
    start(kpm, {"app.sh", "--no-autorestart"});
    kpm.write("go", "");
    CHECK(eventually(
        [&] { return kpm.daemon_log().find("\nApp [app:0] exited with code [3]\n") != std::string::npos; }));
    const CommandResult why = kpm.kpm({"why", "app"});
    INFO(why.out << why.err);
    CHECK(why.out.find("exit code 3") != std::string::npos);
}

TEST_CASE("daemon settings: PM2_SOCKET_USER and PM2_SOCKET_GROUP let that user and group in, and nobody else",
          "[e2e]") {
    REQUIRE(::getuid() == 0);
    const KpmHome kpm(Variables{{"PM2_SOCKET_USER", "65534"}, {"PM2_SOCKET_GROUP", "33"}});
    fs::permissions(kpm.work().parent_path(), fs::perms{0755});
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    const auto as = [&](const std::string& user, const std::string& group) {
        return run_command(
            {"setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups", bin_dir() / "kpm", "ping"},
            kpm.env(), "/");
    };
    CommandResult result = as("65534", "65534");
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(as("1", "33").status == 0);
    result = as("1", "1");
    CHECK(result.status == 1);
    CHECK(result.err.find("Permission denied") != std::string::npos);
    struct stat home {};
    REQUIRE(::stat(kpm.home().c_str(), &home) == 0);
    CHECK((home.st_mode & 0777) == 0711);
    CHECK(kpm.kpm({"ping"}).status == 0);  // root, as before
}

}  // namespace kpm::daemon_settings_test

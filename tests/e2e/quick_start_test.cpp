// The commands of PM2's public introduction, typed into a shell as they stand there, with the other program's
// name: somebody who switches types the same.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"
#include "tests/support/tmux_screen.h"

namespace kpm::quick_start_test {
using namespace test;

namespace {

constexpr const char* kApp =
    "const http = require('http');\n"
    "console.log('app says', process.argv.slice(2).join(' '));\n"
    "http.createServer((q, a) => a.end('hi')).listen(process.env.PORT || 0, '127.0.0.1');\n";

// A home, a working directory with the apps that are talked of, and a shell.
class Desk {
public:
    Desk() {
        kpm_.write("app.js", kApp);
        kpm_.write("api.js", kApp);
        kpm_.write("bashscript.sh", "while :; do sleep 1; done\n");
        kpm_.write("python-app.py", "import time\nwhile True: time.sleep(1)\n");
        const std::string binary = kpm_.write("binary-file", "");
        std::filesystem::copy_file("/bin/sleep", binary, std::filesystem::copy_options::overwrite_existing);
    }
    // Fails the test when the line does not end with 0.
    CommandResult operator()(const std::string& line) const {
        auto env = kpm_.env();
        env["PATH"] = bin_dir().string() + ":" + std::getenv("PATH");
        CommandResult result = run_command({"sh", "-c", line}, env, kpm_.work());
        INFO(line << "\n" << result.out << result.err << kpm_.daemon_log());
        CHECK(result.status == 0);
        return result;
    }
    const KpmHome& kpm() const { return kpm_; }
    std::string status(const std::string& name) const {
        const Json row = kpm_.find(name);
        return row.is_null() ? "none" : row["pm2_env"]["status"].get<std::string>();
    }

private:
    KpmHome kpm_;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t count_of(const KpmHome& kpm, const std::string& name) {
    std::size_t count = 0;
    for (const Json& row : kpm.list()) count += row["name"] == name && row["pm2_env"]["status"] == "online";
    return count;
}

}  // namespace

TEST_CASE("quick start: start an app, look, restart, reload, stop, delete", "[e2e]") {
    const Desk desk;
    CHECK(has(desk("kpm start app.js").out, "│ app "));
    CHECK(desk.status("app") == "online");
    for (const char* line : {"kpm list", "kpm ls", "kpm status", "kpm ps"})
        CHECK(has(desk(line).out, "online"));
    CHECK(has(desk("kpm describe app").out, "script path"));
    CHECK(has(desk("kpm show 0").out, "script path"));
    CHECK(has(desk("kpm jlist").out, "\"name\":\"app\""));
    CHECK(has(desk("kpm prettylist").out, "name: 'app'"));
    desk("kpm restart app");
    desk("kpm reload app");
    desk("kpm restart all");
    desk("kpm reload all");
    desk("kpm stop app");
    CHECK(desk.status("app") == "stopped");
    desk("kpm start app");
    CHECK(desk.status("app") == "online");
    desk("kpm stop all");
    desk("kpm restart 0 --update-env");
    desk("kpm reset all");
    desk("kpm sendSignal SIGUSR2 app");
    desk("kpm delete app");
    CHECK(desk.status("app") == "none");
    desk("kpm start api.js && kpm delete all");
    CHECK(desk.kpm().list().empty());
    desk("kpm kill");
}

TEST_CASE("quick start: any program, with its options", "[e2e]") {
    const Desk desk;
    desk("kpm start bashscript.sh");
    desk("kpm start python-app.py --watch");
    desk("kpm start ./binary-file -- 1520");
    desk("kpm start \"sleep 1520\" --name command");
    desk("kpm start app.js --name my-app -- arg1 arg2 arg3");
    desk(
        "kpm start api.js --max-memory-restart 200M --log ../api.log --restart-delay 3000 --time "
        "--no-autorestart");
    desk("kpm start api.js --name nightly --cron '0 0 * * *'");
    for (const char* name :
         {"bashscript", "python-app", "binary-file", "command", "my-app", "api", "nightly"}) {
        INFO(name);
        CHECK(desk.status(name) == "online");
    }
    CHECK(desk.kpm().find("api")["pm2_env"]["max_memory_restart"] == 200 * 1024 * 1024);
    CHECK(eventually(
        [&] { return has(desk.kpm().read(desk.kpm().work().parent_path() / "api.log"), "app says"); }));
    CHECK(eventually([&] {
        return has(desk.kpm().read(desk.kpm().home() / "logs" / "my-app-out.log"),
                   "app says arg1 arg2 arg3\n");
    }));
}

TEST_CASE("quick start: several instances", "[e2e]") {
    const Desk desk;
    const auto cpus = std::stoul(run_command({"nproc"}).out);
    desk("kpm start app.js -i max");
    CHECK(count_of(desk.kpm(), "app") == cpus);
    desk("kpm reload app");
    desk("kpm scale app +3");
    CHECK(count_of(desk.kpm(), "app") == cpus + 3);
    desk("kpm scale app 2");
    CHECK(count_of(desk.kpm(), "app") == 2);
    desk("kpm start api.js -i 2");
    CHECK(count_of(desk.kpm(), "api") == 2);
}

TEST_CASE("quick start: logs", "[e2e]") {
    const Desk desk;
    desk("kpm start app.js -- hello");
    const auto log = desk.kpm().home() / "logs" / "app-out.log";
    REQUIRE(eventually([&] { return has(desk.kpm().read(log), "hello"); }));
    CHECK(has(desk("kpm logs --nostream").out, "app says hello"));
    CHECK(has(desk("kpm logs app --lines 200 --nostream").out, "app says hello"));
    RunningCommand logs({(bin_dir() / "kpm").string(), "logs", "app"}, desk.kpm().env(), desk.kpm().work());
    CHECK(eventually([&] { return has(logs.output(), "app says hello"); }));
    logs.end(SIGINT);
    desk("kpm flush");
    CHECK(desk.kpm().read(log).empty());
    desk("kpm reloadLogs");
}

TEST_CASE("quick start: a configuration file", "[e2e]") {
    const Desk desk;
    CHECK(has(desk("kpm ecosystem simple").out, "ecosystem.config.js generated"));
    desk("kpm start ecosystem.config.js");
    CHECK(desk.status("app1") == "online");
    desk.kpm().write("ecosystem.config.js", R"(module.exports = {
  apps: [{
    name: "app",
    script: "./app.js",
    env: { NODE_ENV: "development" },
    env_production: { NODE_ENV: "production" },
  }, {
    name: "worker",
    script: "api.js",
  }],
}
)");
    desk("kpm start ecosystem.config.js");
    desk("kpm start ecosystem.config.js --only worker");
    desk("kpm restart ecosystem.config.js --env production");
    CHECK(desk.kpm().find("app")["pm2_env"]["env"]["NODE_ENV"] == "production");
    desk("kpm reload ecosystem.config.js");
    desk("kpm startOrReload ecosystem.config.js");
    desk("kpm stop ecosystem.config.js");
    CHECK(desk.status("worker") == "stopped");
    desk("kpm delete ecosystem.config.js");
    CHECK(desk.status("app") == "none");
}

TEST_CASE("quick start: the list outlives the daemon", "[e2e]") {
    const Desk desk;
    desk("kpm start app.js");
    CHECK(has(desk("kpm save").out, "Successfully saved in"));
    const int before = desk.kpm().find("app")["pid"];
    CHECK(has(desk("kpm update").out, "PM2 updated"));
    CHECK(desk.kpm().find("app")["pid"] == before);
    desk("kpm kill");
    desk("kpm resurrect");
    CHECK(desk.status("app") == "online");
    // On a machine of files: the tests of startup look closer.
    desk.kpm().write("tools/systemctl", "#!/bin/sh\n");
    desk(
        "chmod +x tools/systemctl; export PATH=$PWD/tools:$PATH KPM_STARTUP_ROOT=$PWD/root; "
        "kpm startup && kpm save && kpm unstartup");
}

TEST_CASE("quick start: monit", "[e2e][monit]") {
    const Desk desk;
    desk("kpm start app.js");
    TmuxScreen screen(desk.kpm(), 120, 40);
    screen.command("clear; kpm monit; echo ended with $?");
    const bool is_shown = eventually([&] { return screen.shows("Metadata") && screen.shows("app"); });
    INFO(screen.text());
    CHECK(is_shown);
    screen.press({"q"});
    CHECK(eventually([&] { return screen.shows("ended with 0"); }));
}

TEST_CASE("quick start: in the foreground", "[e2e]") {
    const Desk desk;
    {
        RunningCommand here({bin_dir() / "kpm", "start", "app.js", "--no-daemon"}, desk.kpm().env(),
                            desk.kpm().work());
        const bool is_shown = eventually([&] { return has(here.output(), "app says"); });
        INFO(here.output() << desk.kpm().daemon_log());
        REQUIRE(is_shown);
        CHECK(has(here.output(), "[--no-daemon] Continue to stream logs"));
        const int pid = desk.kpm().find("app")["pid"];
        const int daemon = desk.kpm().daemon_pid();
        CHECK(here.end(SIGTERM) == 0);
        CHECK_FALSE(is_running(pid));
        CHECK(eventually([&] { return !is_running(daemon); }));
    }
    // A daemon that was there before goes on.
    desk("kpm start app.js");
    const int daemon = desk.kpm().daemon_pid();
    RunningCommand here({bin_dir() / "kpm", "restart", "app", "--no-daemon"}, desk.kpm().env(),
                        desk.kpm().work());
    REQUIRE(eventually([&] { return has(here.output(), "Continue to stream logs"); }));
    CHECK(here.end(SIGINT) == 0);
    CHECK(desk.kpm().daemon_pid() == daemon);
    CHECK(desk.status("app") == "online");
}

TEST_CASE("no-daemon: a signal is heard while the start still waits for an app", "[e2e]") {
    const Desk desk;
    RunningCommand here({bin_dir() / "kpm", "start", "bashscript.sh", "--no-daemon", "--wait-ready",
                         "--listen-timeout", "1000000"},
                        desk.kpm().env(), desk.kpm().work());
    int pid = 0;
    const bool runs = eventually([&] {
        const Json row = desk.kpm().daemon_pid() == 0 ? Json() : desk.kpm().find("bashscript");
        if (!row.is_null()) pid = row["pid"];
        return pid > 0;
    });
    INFO(here.output() << desk.kpm().daemon_log());
    REQUIRE(runs);
    CHECK(here.end(SIGINT) == 0);
    CHECK_FALSE(is_running(pid));
    CHECK(desk.kpm().daemon_pid() == 0);
}

TEST_CASE("no-daemon: after an update it stays with the new daemon", "[e2e]") {
    const Desk desk;
    desk("kpm start app.js");
    const int old = desk.kpm().daemon_pid();
    RunningCommand here({bin_dir() / "kpm", "update", "--no-daemon"}, desk.kpm().env(), desk.kpm().work());
    const bool is_shown = eventually([&] { return has(here.output(), "Exit on target PM2 exit pid="); });
    INFO(here.output() << desk.kpm().daemon_log());
    REQUIRE(is_shown);
    const int daemon = desk.kpm().daemon_pid();
    CHECK(daemon != old);
    CHECK(has(here.output(), "Exit on target PM2 exit pid=" + std::to_string(daemon) + "\n"));
    CHECK(here.end(SIGINT) == 0);
    CHECK(desk.kpm().daemon_pid() == daemon);
    CHECK(desk.status("app") == "online");
}

TEST_CASE("no-daemon: ends when its daemon is told to, and with a command that failed", "[e2e]") {
    const Desk desk;
    RunningCommand here({bin_dir() / "kpm", "start", "app.js", "--no-daemon"}, desk.kpm().env(),
                        desk.kpm().work());
    REQUIRE(eventually([&] { return has(here.output(), "app says"); }));
    desk("kpm kill");
    CHECK(here.end(0) == 0);

    const CommandResult failed = desk.kpm().kpm({"start", "nothing.js", "--no-daemon"});
    CHECK(failed.status == 1);
    CHECK(eventually([&] { return !is_running(desk.kpm().daemon_pid()) || desk.kpm().daemon_pid() == 0; }));
}

TEST_CASE("no-daemon: a keeper that is killed is a failure, for whoever starts the container again",
          "[e2e]") {
    const Desk desk;
    RunningCommand here({bin_dir() / "kpm", "start", "app.js", "--no-daemon"}, desk.kpm().env(),
                        desk.kpm().work());
    REQUIRE(eventually([&] { return has(here.output(), "Continue to stream logs"); }));
    const int app = desk.kpm().find("app")["pid"];
    REQUIRE(::kill(parent_of(desk.kpm().daemon_pid()), SIGKILL) == 0);
    CHECK(here.end(0) == 1);
    CHECK(eventually([&] { return !is_running(app); }));
}

TEST_CASE("no-daemon: --attach does not make it deaf to signals", "[e2e]") {
    const Desk desk;
    RunningCommand here({bin_dir() / "kpm", "start", "app.js", "--no-daemon", "--attach"}, desk.kpm().env(),
                        desk.kpm().work());
    REQUIRE(eventually([&] { return has(here.output(), "app says"); }));
    CHECK(here.end(SIGTERM) == 0);
    CHECK(desk.kpm().daemon_pid() == 0);
}

}  // namespace kpm::quick_start_test

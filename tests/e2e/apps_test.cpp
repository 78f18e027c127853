// The everyday life of apps, through the built programs: start, look, restart, stop, delete, logs, save.
#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::apps_test {
using namespace test;

namespace {

constexpr const char* kTicker =
    "#!/bin/sh\necho started $1 >&1\necho trouble >&2\nwhile :; do sleep 1; done\n";

std::string status_of(const KpmHome& kpm, const std::string& name) {
    const Json row = kpm.find(name);
    return row.is_null() ? "" : row["pm2_env"]["status"].get<std::string>();
}

}  // namespace

TEST_CASE("apps: a script is started, listed, restarted, stopped and deleted", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kTicker);
    const CommandResult started = kpm.kpm({"start", "app.sh", "--", "one"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(started.out.find("│ app") != std::string::npos);
    Json row = kpm.find("app");
    CHECK(row["pm2_env"]["status"] == "online");
    const int first = row["pid"];
    CHECK(is_running(first));
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "app-out.log") == "started one\n"; }));
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "app-error.log") == "trouble\n"; }));
    CHECK(kpm.read(kpm.home() / "pids" / "app-0.pid") == std::to_string(first));

    REQUIRE(kpm.kpm({"restart", "app"}).status == 0);
    row = kpm.find("app");
    CHECK(row["pm2_env"]["restart_time"] == 1);
    CHECK(row["pid"] != first);
    CHECK_FALSE(is_running(first));
    CHECK(kpm.read(kpm.home() / "pids" / "app-0.pid") == std::to_string(row["pid"].get<int>()));

    REQUIRE(kpm.kpm({"stop", "0"}).status == 0);
    CHECK_FALSE(std::filesystem::exists(kpm.home() / "pids" / "app-0.pid"));
    row = kpm.find("app");
    CHECK(row["pm2_env"]["status"] == "stopped");
    CHECK(row["pid"] == 0);
    REQUIRE(kpm.kpm({"start", "app"}).status == 0);
    CHECK(status_of(kpm, "app") == "online");

    REQUIRE(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(kpm.list().empty());
}

TEST_CASE("apps: the pid file is there only while the process is that it names", "[e2e]") {
    const KpmHome kpm;
    const std::filesystem::path file = kpm.home() / "pids" / "app-0.pid";
    std::filesystem::create_directory(kpm.work() / "folder");
    kpm.write("app.sh", kTicker);
    REQUIRE(kpm.kpm({"start", (kpm.work() / "app.sh").string(), "--cwd", (kpm.work() / "folder").string()})
                .status == 0);
    const int first = kpm.find("app")["pid"];
    ::kill(first, SIGKILL);
    CHECK(eventually([&] {
        const int pid = kpm.find("app")["pid"];
        return pid != first && pid != 0 && kpm.read(file) == std::to_string(pid);
    }));

    std::filesystem::remove(kpm.work() / "folder");
    CHECK(kpm.kpm({"restart", "app"}).status == 1);
    CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("apps: the list shows the version of the script's package", "[e2e]") {
    const KpmHome kpm;
    kpm.write("package.json", R"({"name":"x","version":"4.5.6"})");
    kpm.write("bin/app.sh", kTicker);
    REQUIRE(kpm.kpm({"start", "bin/app.sh"}).status == 0);
    CHECK(kpm.find("app")["pm2_env"]["version"] == "4.5.6");
}

TEST_CASE("apps: a stop ends the whole tree, a child in its own session too", "[e2e]") {
    const KpmHome kpm;
    kpm.write("tree.sh",
              "sleep 1000 & echo $! > inner.pid\nsetsid sleep 1000 &\necho $! > session.pid\nwait\n");
    REQUIRE(kpm.kpm({"start", "tree.sh"}).status == 0);
    const auto pid_in = [&](const char* file) { return std::atoi(kpm.read(kpm.work() / file).c_str()); };
    REQUIRE(eventually([&] { return pid_in("inner.pid") > 0 && pid_in("session.pid") > 0; }));
    const int inner = pid_in("inner.pid");
    const int session = pid_in("session.pid");
    REQUIRE(is_running(inner));
    REQUIRE(is_running(session));
    REQUIRE(kpm.kpm({"stop", "tree"}).status == 0);
    CHECK_FALSE(is_running(inner));
    CHECK_FALSE(is_running(session));
}

TEST_CASE("apps: one that ignores SIGINT is killed after its kill_timeout", "[e2e]") {
    const KpmHome kpm;
    kpm.write("stubborn.sh", "trap '' INT TERM\necho up\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "stubborn.sh", "--kill-timeout", "200"}).status == 0);
    REQUIRE(eventually([&] { return !kpm.read(kpm.home() / "logs" / "stubborn-out.log").empty(); }));
    const int pid = kpm.find("stubborn")["pid"];
    REQUIRE(kpm.kpm({"stop", "stubborn"}).status == 0);
    CHECK_FALSE(is_running(pid));
    CHECK(kpm.find("stubborn")["pm2_env"]["exit_signal"] == 9);
}

TEST_CASE("apps: a crash loop ends errored after 15 restarts, as with pm2", "[e2e]") {
    const KpmHome kpm;
    kpm.write("crash.sh", "exit 3\n");
    kpm.kpm({"start", "crash.sh"});
    REQUIRE(eventually([&] { return status_of(kpm, "crash") == "errored"; }));
    const Json env = kpm.find("crash")["pm2_env"];
    CHECK(env["restart_time"] == 15);
    CHECK(env["exit_code"] == 3);
    CHECK(kpm.find("crash")["pid"] == 0);
}

TEST_CASE("apps: restart_delay shows as waiting restart, and a stop ends the waiting", "[e2e]") {
    const KpmHome kpm;
    kpm.write("crash.sh", "exit 1\n");
    kpm.kpm({"start", "crash.sh", "--restart-delay", "60000"});
    REQUIRE(eventually([&] { return status_of(kpm, "crash") == "waiting restart"; }));
    REQUIRE(kpm.kpm({"stop", "crash"}).status == 0);
    CHECK(status_of(kpm, "crash") == "stopped");
}

TEST_CASE("apps: an ecosystem file starts several, with their environment", "[e2e]") {
    const KpmHome kpm;
    kpm.write("env.sh", "echo \"$COLOUR $MODE $NODE_APP_INSTANCE\"\nwhile :; do sleep 1; done\n");
    kpm.write("ecosystem.json", R"({
        // two apps
        apps: [
            { name: "a", script: "./env.sh", env: { COLOUR: "red", MODE: "dev" }, env_production: { MODE: "prod" } },
            { name: "b", script: "./env.sh", instances: 2, merge_logs: false, env: { COLOUR: "blue" }, },
        ],
    })");
    const CommandResult started = kpm.kpm({"start", "ecosystem.json", "--env", "production"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(kpm.list().size() == 3);
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "a-out.log") == "red prod 0\n"; }));
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "b-out-2.log") == "blue  1\n"; }));
}

TEST_CASE("apps: save, kill, resurrect brings them back, the stopped one stopped", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kTicker);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "up"}).status == 0);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "down"}).status == 0);
    REQUIRE(kpm.kpm({"stop", "down"}).status == 0);
    REQUIRE(kpm.kpm({"save"}).status == 0);
    const int daemon = kpm.daemon_pid();
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    CHECK(eventually([&] { return !is_running(daemon); }));
    const CommandResult back = kpm.kpm({"resurrect"});
    INFO(back.out << back.err << kpm.daemon_log());
    REQUIRE(back.status == 0);
    CHECK(status_of(kpm, "up") == "online");
    CHECK(status_of(kpm, "down") == "stopped");
}

TEST_CASE("apps: node runs in fork mode, with its own path as argv[1]", "[e2e]") {
    const KpmHome kpm;
    const std::string script =
        kpm.write("app.js", "console.log(process.argv[1]); setInterval(() => {}, 1000);\n");
    REQUIRE(kpm.kpm({"start", "app.js"}).status == 0);
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "app-out.log") == script + "\n"; }));
}

TEST_CASE("logs: the last lines of each file are shown, and flush empties them", "[e2e]") {
    const KpmHome kpm;
    kpm.write("count.sh", "for i in 1 2 3 4 5; do echo line $i; done\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "count.sh"}).status == 0);
    const auto file = kpm.home() / "logs" / "count-out.log";
    REQUIRE(eventually([&] { return kpm.read(file).ends_with("line 5\n"); }));
    const CommandResult logs = kpm.kpm({"logs", "count", "--nostream", "--lines", "2"});
    CHECK(logs.status == 0);
    CHECK(logs.out.find("line 3") == std::string::npos);
    CHECK(logs.out.find("line 4") != std::string::npos);
    CHECK(logs.out.find("line 5") != std::string::npos);
    REQUIRE(kpm.kpm({"flush"}).status == 0);
    CHECK(kpm.read(file).empty());
}

TEST_CASE("apps: a descendant that escapes with the pipes costs the daemon no descriptor", "[e2e]") {
    const KpmHome kpm;
    // The grandchild is in a session of its own and an orphan when the app exits by itself.
    kpm.write("leaver.sh", "setsid sleep 300 & echo $! >> strays.pid\nsleep 0.05\n");
    REQUIRE(kpm.kpm({"start", "leaver.sh", "--max-restarts", "12"}).status == 0);
    const auto descriptors = [&] {
        const auto folder =
            std::filesystem::directory_iterator("/proc/" + std::to_string(kpm.daemon_pid()) + "/fd");
        return std::distance(begin(folder), end(folder));
    };
    REQUIRE(eventually([&] { return kpm.find("leaver")["pm2_env"]["restart_time"] >= 1; }));
    const auto before = descriptors();
    REQUIRE(eventually([&] { return kpm.find("leaver")["pm2_env"]["status"] == "errored"; }));
    INFO(kpm.daemon_log());
    CHECK(eventually([&] { return descriptors() <= before; }));
    std::istringstream strays(kpm.read(kpm.work() / "strays.pid"));
    for (int pid = 0; strays >> pid;) ::kill(pid, SIGKILL);
}

}  // namespace kpm::apps_test

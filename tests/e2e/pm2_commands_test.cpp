// More of the real pm2's commands against kpmd: those that change instances and counters, signals, the saved
// list, monit on a terminal; and the other way round, kpm in a home that PM2's own daemon serves.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"
#include "tests/support/tmux_screen.h"

namespace kpm::pm2_commands_test {
using namespace test;

namespace {

std::map<std::string, std::string> quiet() {
    return {{"PM2_DISABLE_VERSION_CHECK", "true"}, {"PM2_NO_INTERACTION", "true"}, {"FORCE_COLOR", ""}};
}

// kpmd in a home, and pm2's commands there.
struct Pm2 {
    KpmHome kpm{quiet()};
    int kpmd = 0;

    Pm2() {
        kpm.write("app.sh", "trap 'echo got USR2' USR2\necho up\nwhile :; do sleep 0.1; done\n");
        const CommandResult started = kpm.kpm({"start", "app.sh"});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
        kpmd = kpm.daemon_pid();
    }
    CommandResult operator()(std::vector<std::string> args) const {
        args.insert(args.begin(), pm2_program());
        const CommandResult result = run_command(args, kpm.env(), kpm.work());
        INFO(result.out << result.err << kpm.daemon_log());
        CHECK(result.status == 0);
        CHECK(kpm.daemon_pid() == kpmd);
        return result;
    }
    std::vector<int> pids() const {
        std::vector<int> found;
        for (const Json& row : kpm.list()) found.push_back(row["pid"]);
        return found;
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("pm2 commands: scale and reload", "[e2e]") {
    const Pm2 pm2;
    pm2({"scale", "app", "3"});
    const auto three = pm2.pids();
    CHECK(three.size() == 3);
    CHECK(std::ranges::all_of(three, is_running));
    pm2({"reload", "app"});
    const auto others = pm2.pids();
    REQUIRE(others.size() == 3);
    for (const int pid : three) CHECK_FALSE(is_running(pid));
    CHECK(std::ranges::all_of(others, is_running));
    pm2({"scale", "app", "1"});
    CHECK(eventually([&] { return pm2.pids().size() == 1; }));
    CHECK(std::ranges::count_if(others, is_running) == 1);
}

TEST_CASE("pm2 commands: counters are reset, a signal is sent", "[e2e]") {
    const Pm2 pm2;
    pm2({"restart", "app"});
    CHECK(pm2.kpm.find("app")["pm2_env"]["restart_time"] == 1);
    CHECK(contains(pm2({"reset", "app"}).out, "Resetting meta for process id 0"));
    CHECK(pm2.kpm.find("app")["pm2_env"]["restart_time"] == 0);
    CHECK(contains(pm2({"sendSignal", "SIGUSR2", "app"}).out,
                   "successfully sent signal SIGUSR2 to process name app"));
    const auto log = pm2.kpm.home() / "logs" / "app-out.log";
    CHECK(eventually([&] { return contains(pm2.kpm.read(log), "got USR2\n"); }));
    pm2({"reloadLogs"});
    pm2({"flush"});
    CHECK(pm2.kpm.read(log).empty());
}

TEST_CASE("pm2 commands: what pm2 has saved kpm restores, and the other way round", "[e2e]") {
    const Pm2 pm2;
    CHECK(contains(pm2({"save"}).out, "Successfully saved in"));
    REQUIRE(pm2.kpm.kpm({"kill"}).status == 0);
    CommandResult result = pm2.kpm.kpm({"resurrect"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK(pm2.kpm.find("app")["pm2_env"]["status"] == "online");
    REQUIRE(pm2.kpm.kpm({"save"}).status == 0);
    REQUIRE(pm2.kpm.kpm({"delete", "app"}).status == 0);
    result = run_command({pm2_program(), "resurrect"}, pm2.kpm.env(), pm2.kpm.work());
    INFO(result.out << result.err << pm2.kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(pm2.kpm.find("app")["pm2_env"]["status"] == "online");
}

TEST_CASE("pm2 commands: monit on a terminal", "[e2e][monit]") {
    const Pm2 pm2;
    TmuxScreen screen(pm2.kpm, 140, 40);
    screen.command("clear; " + pm2_program().string() + " monit; echo ended with $?");
    const bool is_shown = eventually([&] { return screen.shows("Process List") && screen.shows("app"); },
                                     std::chrono::minutes{2});
    INFO(screen.text());
    CHECK(is_shown);
    CHECK(eventually([&] { return screen.shows("Mem:"); }));
    screen.press({"q"});
    CHECK(eventually([&] { return screen.shows("ended with 0"); }));
}

TEST_CASE("pm2 commands: in a home that PM2's own daemon serves kpm says so and touches nothing", "[e2e]") {
    const KpmHome kpm(quiet());
    kpm.write("app.sh", "while :; do sleep 1; done\n");
    const auto pm2 = [&](std::vector<std::string> args) {
        args.insert(args.begin(), pm2_program());
        return run_command(args, kpm.env(), kpm.work());
    };
    REQUIRE(pm2({"start", "app.sh"}).status == 0);
    const int daemon = kpm.daemon_pid();
    REQUIRE(contains(command_line(daemon), "God Daemon"));
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"list"}, {"start", "app.sh"}, {"restart", "all"}, {"kill"}, {"update"}, {"jlist"}}) {
        const CommandResult result = kpm.kpm(words);
        INFO(words[0] << "\n" << result.out << result.err);
        CHECK(result.status == 1);
        CHECK(contains(result.err, "a PM2 daemon runs in " + kpm.home().string()));
        CHECK(contains(result.err, "pm2 save && pm2 kill"));
    }
    CHECK(kpm.daemon_pid() == daemon);
    // What the message says to do.
    REQUIRE(pm2({"save"}).status == 0);
    REQUIRE(pm2({"kill"}).status == 0);
    REQUIRE(eventually([&] { return !is_running(daemon); }));
    const CommandResult restored = kpm.kpm({"resurrect"});
    INFO(restored.out << restored.err);
    CHECK(restored.status == 0);
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
}

TEST_CASE("pm2 commands: monitor marks an app in lists, profile:cpu is refused", "[e2e]") {
    const Pm2 pm2;
    CHECK(contains(pm2({"monitor", "app"}).out, "[M] a"));
    CHECK(contains(pm2.kpm.kpm({"list"}).out, "│ [M] a"));
    CHECK(pm2.kpm.find("app")["pm2_env"]["_km_monitored"] == true);
    CHECK_FALSE(contains(pm2({"unmonitor", "app"}).out, "[M]"));
    const CommandResult profiled =
        run_command({pm2_program(), "profile:cpu", "1"}, pm2.kpm.env(), pm2.kpm.work());
    INFO(profiled.out << profiled.err);
    CHECK(profiled.status == 1);
    CHECK(contains(profiled.out + profiled.err, "cannot profile 'kpmd'"));
    CHECK(is_running(pm2.kpmd));
}

}  // namespace kpm::pm2_commands_test

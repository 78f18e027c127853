// The same apps and the same events under the real pm2 and under kpm: statuses, counters, exit codes, ids and
// files are compared after each. Where kpm does better on purpose, the difference stands here.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "tests/support/eventually.h"
#include "tests/support/pm2_pair.h"

namespace kpm::lifecycle_parity_test {
using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr auto kLimit = 60s;  // a list of pm2 takes a second, and much more on a loaded machine

// What is compared of an app, by name and instance; "-" where there is no such member.
std::string facts_of(const Json& row) {
    const Json& env = row.at("pm2_env");
    std::string text;
    for (const char* key : {"status", "restart_time", "exit_code", "exec_mode", "NODE_APP_INSTANCE"})
        text += std::string(key) + "=" + (env.contains(key) ? env[key].dump() : "-") + " ";
    // pm2 keeps the number of a process that has ended while it waits for the next: kpm says 0.
    const int pid = row.contains("pid") && row["pid"].is_number() ? row["pid"].get<int>() : 0;
    return text + (pid > 0 && is_running(pid) ? "running" : "no process");
}

using Facts = std::map<std::string, std::string>;  // by "name/pm_id"

Facts facts_of_all(const Json& rows) {
    Facts facts;
    for (const Json& row : rows)
        facts[row.at("name").get<std::string>() + "/" + row.at("pm_id").dump()] = facts_of(row);
    return facts;
}

// Catch prints maps of strings on one line; one line each is what one can read.
std::string shown(const Facts& facts) {
    std::string text;
    for (const auto& [name, fact] : facts) text += name + ": " + fact + "\n";
    return text;
}

// Waits until both lists are the same; on failure shows the two.
void check_same(const Pm2Pair& pair) {
    Facts by_pm2, by_kpm;
    const bool is_same = eventually(
        [&] {
            by_pm2 = facts_of_all(pair.pm2_list());
            by_kpm = facts_of_all(pair.kpm_list());
            return by_pm2 == by_kpm;
        },
        kLimit);
    CHECK(is_same);
    if (!is_same) CHECK(shown(by_kpm) == shown(by_pm2));
}

void run_on_both(const Pm2Pair& pair, const std::vector<std::string>& args) {
    const auto results = pair.run(args);
    std::string words;
    for (const std::string& arg : args) words += arg + " ";
    INFO(words << "\npm2: " << results.pm2.out << results.pm2.err << "\nkpm: " << results.kpm.out
               << results.kpm.err << pair.kpm().daemon_log());
    CHECK(results.pm2.status == results.kpm.status);
}

}  // namespace

TEST_CASE("parity: apps that end, crash, wait and stay have pm2's statuses, counters and exit codes",
          "[e2e][parity]") {
    const Pm2Pair pair;
    pair.kpm().write("stay.sh", "while :; do sleep 1; done\n");
    pair.kpm().write("exit.sh", "exit $1\n");
    // One app a file start: pm2 numbers the apps of a file in the order in which they happen to be up.
    const std::vector<std::vector<std::string>> starts{
        {"stay.sh", "--name", "stay"},
        {"exit.sh", "--name", "once", "--no-autorestart", "--", "0"},
        {"exit.sh", "--name", "once-bad", "--no-autorestart", "--", "7"},
        {"exit.sh", "--name", "listed", "--stop-exit-codes", "3", "--", "3"},
        {"exit.sh", "--name", "loop", "--", "1"},
        {"exit.sh", "--name", "loop-3", "--max-restarts", "3", "--", "9"},
        {"exit.sh", "--name", "delay", "--restart-delay", "600000", "--", "2"},
        {"exit.sh", "--name", "backoff", "--exp-backoff-restart-delay", "600000", "--", "2"},
        {"stay.sh", "--name", "several", "-i", "2"},
    };
    for (std::vector<std::string> start : starts) {
        start.insert(start.begin(), "start");
        // An app that ends at once is a failed start for kpm, and none for pm2: the statuses are not
        // compared.
        const auto results = pair.run(start);
        INFO(start[3] << ": " << results.pm2.out << results.pm2.err);
        CHECK(results.pm2.status == 0);
    }
    check_same(pair);
    CHECK(files_in(pair.pm2_home() / "pids") == files_in(pair.kpm_home() / "pids"));
    CHECK(files_in(pair.pm2_home() / "logs") == files_in(pair.kpm_home() / "logs"));
}

TEST_CASE("parity: commands change statuses, counters and ids as pm2's do", "[e2e][parity]") {
    const Pm2Pair pair;
    pair.kpm().write("stay.sh", "while :; do sleep 1; done\n");
    pair.kpm().write("deaf.sh", "trap '' INT\nwhile :; do sleep 1; done\n");
    pair.kpm().write("polite.sh", "trap 'exit 5' INT\nwhile :; do sleep 0.1; done\n");
    const std::vector<std::vector<std::string>> commands{
        {"start", "stay.sh", "--name", "a"},
        {"start", "polite.sh", "--name", "polite"},
        {"start", "deaf.sh", "--name", "deaf", "--kill-timeout", "3000"},  // less, and pm2 may give it up
        {"start", "stay.sh", "--name", "two", "-i", "2"},
        {"restart", "a"},
        {"restart", "polite"},
        {"stop", "polite"},
        {"restart", "polite"},  // of a stopped one: the counter stays
        {"stop", "polite"},
        {"stop", "deaf"},
        {"scale", "two", "4"},
        {"delete", "4"},
        {"scale", "two", "+1"},  // takes the free NODE_APP_INSTANCE, and a new id
        {"scale", "two", "2"},
        {"reload", "a"},
        {"reset", "a"},
        {"stop", "no-such-app"},
        {"restart", "no-such-app"},
        {"delete", "no-such-app"},
        {"delete", "deaf"},
    };
    for (const auto& command : commands) {
        run_on_both(pair, command);
        INFO("after " << command[0] << " " << command[1]);
        check_same(pair);
    }
    CHECK(files_in(pair.pm2_home() / "pids") == files_in(pair.kpm_home() / "pids"));
    CHECK(files_in(pair.pm2_home() / "logs") == files_in(pair.kpm_home() / "logs"));
    run_on_both(pair, {"delete", "all"});
    run_on_both(pair, {"start", "stay.sh"});  // ids begin again at 0
    check_same(pair);
}

TEST_CASE("parity: a dump that pm2 has written is restored", "[e2e][parity]") {
    const Pm2Pair pair;
    pair.kpm().write("stay.sh", "echo \"$COLOUR $1 $NODE_APP_INSTANCE\"\nwhile :; do sleep 1; done\n");
    pair.kpm().write("app.js", "setInterval(() => {}, 1000);\n");
    pair.kpm().write("ecosystem.json", R"({apps: [
        {name: "web", script: "stay.sh", args: "one two", instances: 2, env: {COLOUR: "red"}, namespace: "front"},
        {name: "node", script: "app.js", max_memory_restart: "200M", kill_timeout: 3000},
        {name: "down", script: "stay.sh", cron_restart: "0 3 * * *", autorestart: false}]})");
    CHECK(pair.run_pm2({"start", "ecosystem.json"}).status == 0);
    CHECK(pair.run_pm2({"stop", "down"}).status == 0);
    CHECK(pair.run_pm2({"save"}).status == 0);
    const Json saved = pair.pm2_list();
    REQUIRE(saved.size() == 4);
    std::filesystem::create_directories(pair.kpm_home());
    std::filesystem::copy_file(pair.pm2_home() / "dump.pm2", pair.kpm_home() / "dump.pm2");

    const CommandResult restored = pair.run_kpm({"resurrect"});
    INFO(restored.out << restored.err << pair.kpm().daemon_log());
    REQUIRE(restored.status == 0);
    const Json rows = pair.kpm_list();
    REQUIRE(rows.size() == 4);
    for (const Json& old_row : saved) {
        const Json& before = old_row["pm2_env"];
        const auto same = [&](const Json& row) {
            return row["name"] == old_row["name"] &&
                   row["pm2_env"]["NODE_APP_INSTANCE"] == before["NODE_APP_INSTANCE"];
        };
        const auto found = std::find_if(rows.begin(), rows.end(), same);
        INFO(old_row["name"] << " " << before["NODE_APP_INSTANCE"]);
        REQUIRE(found != rows.end());
        const Json& now = (*found)["pm2_env"];
        for (const char* key : {"status", "namespace", "pm_exec_path", "pm_cwd", "args", "exec_interpreter",
                                "max_memory_restart", "kill_timeout", "cron_restart", "autorestart"}) {
            INFO(key);
            CHECK((now.contains(key) ? now[key] : Json()) == (before.contains(key) ? before[key] : Json()));
        }
        CHECK(now["env"].value("COLOUR", "") == before["env"].value("COLOUR", ""));
    }
    // It writes where it was told to: into the logs of pm2's home, after pm2's own app.
    const auto log = pair.pm2_home() / "logs" / "web-out-0.log";
    CHECK(eventually([&] { return pair.kpm().read(log) == "red one 0\nred one 0\n"; }));
    pair.run_pm2({"kill"});
}

}  // namespace kpm::lifecycle_parity_test

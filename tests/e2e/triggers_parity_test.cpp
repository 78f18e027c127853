// What acts on an app without a command, or in a way of its own, under the real pm2 and under kpm: readiness,
// memory, cron, changed files, signals, the tree of a stop, another user. The commands of pm2 are few, for
// each of them starts a Node. The apps write to files of the working directory, named after the home
// that they run in: `pm2h` or kpm's.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <fstream>
#include <future>
#include <map>

#include "tests/support/eventually.h"
#include "tests/support/pm2_pair.h"

namespace kpm::triggers_parity_test {
using namespace test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto kLimit = 60s;  // a list of pm2 takes a second, and much more on a loaded machine

constexpr const char* kStay = "while :; do sleep 1; done\n";
// Larger than 50 MB in its first life only, when it may: kpm's start tells of an app that is restarted within
// it.
constexpr const char* kGrow = R"(mark=grown-$(basename $PM2_HOME)
if [ ! -e $mark ]; then
    touch $mark; while [ ! -e grow ]; do sleep 0.1; done; text=$(head -c 100000000 /dev/zero | tr '\0' x)
fi
while :; do sleep 1; done
)";
// Its child is.
constexpr const char* kHeavyChild = R"(mark=$PWD/heavy-$(basename $PM2_HOME)
bash -c "text=\$(head -c 100000000 /dev/zero | tr '\\0' x); touch $mark; while :; do sleep 1; done" &
while :; do sleep 1; done
)";
// A shell's background command does not hear SIGINT unless it is told to. The child is no zombie when its
// parent ends: pm2 takes a zombie for alive.
constexpr const char* kTree = R"(mark=$name-$(basename $PM2_HOME)
env --default-signal=INT setsid bash -c "trap 'echo child >>$mark; exit' INT; echo \$\$ >$mark.pid
    while :; do sleep 0.1; done" &
trap 'echo parent >>$mark; [ $name = tree ] && wait; exit 4' INT
while :; do sleep 0.1; done
)";
constexpr const char* kMessage = R"(touch listens-$(basename $PM2_HOME)
while read -r line <&$NODE_CHANNEL_FD; do [ "$line" = '"shutdown"' ] && exit 6; done
)";
constexpr const char* kSignals = R"(trap 'echo USR1 >>signals-$(basename $PM2_HOME)' USR1
trap 'exit 9' USR2
touch traps-$(basename $PM2_HOME)
while :; do sleep 0.1; done
)";
constexpr const char* kReady = R"(while [ ! -e go ]; do sleep 0.1; done
echo '"ready"' >&$NODE_CHANNEL_FD
while :; do sleep 1; done
)";

Json app(const Json& rows, const std::string& name) {
    for (const Json& row : rows)
        if (row.at("name") == name) return row.at("pm2_env");
    return Json::object();
}

std::string status(const Json& rows, const std::string& name) {
    return app(rows, name).value("status", "");
}

int restarts(const Json& rows, const std::string& name) {
    return app(rows, name).value("restart_time", -1);
}

// Of every app: what is compared, on a line.
std::string facts(const Json& rows) {
    std::map<std::string, std::string> sorted;  // pm2 numbers the apps of a file as they happen to be up
    for (const Json& row : rows) {
        const Json& env = row.at("pm2_env");
        const std::string name = row.at("name");
        for (const char* key : {"status", "restart_time", "exit_code"})
            sorted[name] += " " + std::string(key) + "=" + (env.contains(key) ? env[key].dump() : "-");
    }
    std::string text;
    for (const auto& [name, fact] : sorted) text += name + fact + "\n";
    return text;
}

void check_both(const Pm2Pair& pair, const std::string& expected) {
    std::string by_pm2, by_kpm;
    eventually([&] { return (by_pm2 = facts(pair.pm2_list())) == expected; }, kLimit);
    eventually([&] { return (by_kpm = facts(pair.kpm_list())) == expected; }, kLimit);
    CHECK(by_pm2 == expected);
    CHECK(by_kpm == expected);
}

Pm2Pair::Results run_on_both(const Pm2Pair& pair, const std::vector<std::string>& args) {
    const auto results = pair.run(args);
    INFO(args[0] << "\npm2: " << results.pm2.out << results.pm2.err << "\nkpm: " << results.kpm.out
                 << results.kpm.err << pair.kpm().daemon_log());
    CHECK(results.pm2.status == results.kpm.status);
    return results;
}

// The second of that moment, each day.
std::string cron_pattern(std::chrono::system_clock::time_point moment) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return fmt::format("{} {} {} * * *", local.tm_sec, local.tm_min, local.tm_hour);
}

// The file that an app has made in the working directory, by its home; what is in it.
fs::path made(const Pm2Pair& pair, const std::string& name, const fs::path& home) {
    return fs::path(pair.kpm().work()) / (name + "-" + home.filename().string());
}

bool both_made(const Pm2Pair& pair, const std::string& name) {
    return eventually(
        [&] {
            return fs::exists(made(pair, name, pair.pm2_home())) &&
                   fs::exists(made(pair, name, pair.kpm_home()));
        },
        kLimit);
}

std::string text_of(const Pm2Pair& pair, const std::string& name, const fs::path& home) {
    return pair.kpm().read(made(pair, name, home));
}

// The child of kTree's app in that home.
int child_of(const Pm2Pair& pair, const std::string& name, const fs::path& home) {
    std::ifstream file(made(pair, name, home).string() + ".pid");
    int pid = 0;
    file >> pid;
    return pid;
}

// What a stop without `treekill` leaves.
struct LeftChildren {
    const Pm2Pair& pair;
    ~LeftChildren() {
        for (const fs::path& home : {pair.pm2_home(), pair.kpm_home()})
            if (const int pid = child_of(pair, "lone", home); pid > 0) ::kill(pid, SIGKILL);
    }
};

}  // namespace

TEST_CASE("parity: with wait_ready a start lasts until the app's message, and the app is launching till then",
          "[e2e][parity]") {
    const Pm2Pair pair;
    pair.kpm().write("ready.sh", kReady);
    pair.kpm().write("stay.sh", kStay);
    const std::vector<std::string> start{"start", "ready.sh", "--wait-ready", "--listen-timeout", "120000"};
    pair.run_pm2({"ping"});  // two commands at once would start two daemons of pm2
    auto by_pm2 = std::async(std::launch::async, [&] { return pair.run_pm2(start); });
    auto by_kpm = std::async(std::launch::async, [&] { return pair.run_kpm(start); });
    CHECK(eventually([&] { return status(pair.pm2_list(), "ready") == "launching"; }, kLimit));
    CHECK(eventually([&] { return status(pair.kpm_list(), "ready") == "launching"; }, kLimit));
    pair.kpm().write("go", "");
    CHECK(by_pm2.get().status == 0);
    CHECK(by_kpm.get().status == 0);
    check_both(pair, "ready status=\"online\" restart_time=0 exit_code=-\n");

    // Without the message it is up all the same after its listen_timeout. That it was late is an error of
    // kpm.
    const auto late = pair.run({"start", "stay.sh", "--wait-ready", "--listen-timeout", "300"});
    CHECK(late.pm2.status == 0);
    CHECK(late.kpm.status == 1);
    check_both(pair,
               "ready status=\"online\" restart_time=0 exit_code=-\n"
               "stay status=\"online\" restart_time=0 exit_code=-\n");
}

TEST_CASE("parity: memory, cron and changed files restart an app", "[e2e][parity]") {
    const Pm2Pair pair(std::map<std::string, std::string>{{"PM2_WORKER_INTERVAL", "500"}});
    pair.kpm().write("stay.sh", kStay);
    pair.kpm().write("grow.sh", kGrow);
    pair.kpm().write("heavy.sh", kHeavyChild);
    fs::create_directory(fs::path(pair.kpm().work()) / "seen");
    pair.kpm().write("first.json", R"([{name: "heavy", script: "heavy.sh", max_memory_restart: "50M"},
        {name: "watched", script: "stay.sh", watch: ["seen"]}])");
    const auto started = std::chrono::steady_clock::now();
    run_on_both(pair, {"start", "first.json"});
    // Of a command here and now.
    const auto pace = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - started);
    REQUIRE(both_made(pair, "heavy"));
    run_on_both(pair, {"start", "grow.sh", "--max-memory-restart", "50M"});
    pair.kpm().write("grow", "");

    // pm2 begins to watch some time after its start, so that one change may be too early.
    Json by_pm2, by_kpm;
    int change = 0;
    const auto both_restarted = [&](const std::string& name) {
        return restarts(by_pm2, name) > 0 && restarts(by_kpm, name) > 0;
    };
    CHECK(eventually(
        [&] {
            if (!both_restarted("watched")) pair.kpm().write("seen/" + std::to_string(++change), "");
            by_pm2 = pair.pm2_list();
            by_kpm = pair.kpm_list();
            return both_restarted("watched") && both_restarted("grow");
        },
        kLimit));
    for (const Json& rows : {by_pm2, by_kpm}) {
        INFO(facts(rows));
        CHECK(restarts(rows, "heavy") == 0);  // only the process itself counts
        CHECK(restarts(rows, "grow") == 1);
        CHECK(app(rows, "grow")["exit_code"] == 0);
        CHECK(app(rows, "watched")["watch"] == Json::array({"seen"}));
    }

    // One tick, when the two commands before it are over: orders of pm2 at the same time race.
    const std::string tick = cron_pattern(std::chrono::system_clock::now() + 5s + 4 * pace);
    pair.kpm().write("cron.json", R"([{name: "ticks", script: "stay.sh", cron_restart: ")" + tick + R"("},
        {name: "sleeper", script: "stay.sh", cron_restart: ")" +
                                      tick + R"("}])");
    run_on_both(pair, {"start", "cron.json"});
    const auto stopped = run_on_both(pair, {"stop", "sleeper"});
    for (const CommandResult& result : {stopped.pm2, stopped.kpm})
        CHECK(result.out.find("App sleeper stopped but CRON RESTART is still UP " + tick) !=
              std::string::npos);
    const auto has_ticked = [](const Json& rows) {
        return restarts(rows, "ticks") == 1 && status(rows, "ticks") == "online" &&
               restarts(rows, "sleeper") == 0 && status(rows, "sleeper") == "online";
    };
    CHECK(eventually([&] { return has_ticked(by_pm2 = pair.pm2_list()); }, kLimit + 4 * pace));
    INFO(facts(by_pm2));
    CHECK(eventually([&] { return has_ticked(by_kpm = pair.kpm_list()); }, kLimit));
    INFO(facts(by_kpm));
    for (const Json& rows : {by_pm2, by_kpm}) CHECK(app(rows, "ticks")["cron_restart"] == tick);
}

TEST_CASE("parity: who gets which signal, and what a stop by message or of one process leaves",
          "[e2e][parity]") {
    const Pm2Pair pair;
    const LeftChildren left{pair};
    pair.kpm().write("tree.sh", kTree);
    pair.kpm().write("message.sh", kMessage);
    pair.kpm().write("signals.sh", kSignals);
    pair.kpm().write("apps.json", R"([{name: "tree", script: "tree.sh"},
        {name: "lone", script: "tree.sh", treekill: false},
        {name: "message", script: "message.sh", shutdown_with_message: true},
        {name: "signals", script: "signals.sh"}])");
    run_on_both(pair, {"start", "apps.json"});
    for (const char* name : {"listens", "traps"}) REQUIRE(both_made(pair, name));
    for (const char* name : {"tree", "lone"})
        for (const fs::path& home : {pair.pm2_home(), pair.kpm_home()})
            REQUIRE(eventually([&] { return child_of(pair, name, home) > 0; }, kLimit));

    run_on_both(pair, {"sendSignal", "SIGUSR1", "signals"});
    REQUIRE(both_made(pair, "signals"));
    run_on_both(pair, {"sendSignal", "SIGUSR2", "signals"});
    run_on_both(pair, {"stop", "tree", "lone", "message"});
    check_both(pair,
               "lone status=\"stopped\" restart_time=0 exit_code=4\n"
               "message status=\"stopped\" restart_time=0 exit_code=6\n"
               "signals status=\"online\" restart_time=1 exit_code=9\n"
               "tree status=\"stopped\" restart_time=0 exit_code=4\n");
    for (const fs::path& home : {pair.pm2_home(), pair.kpm_home()}) {
        INFO(home);
        CHECK(text_of(pair, "signals", home) == "USR1\n");
        const std::string tree = text_of(pair, "tree", home);
        CHECK(tree.find("child\n") != std::string::npos);
        CHECK(tree.find("parent\n") != std::string::npos);
        CHECK_FALSE(is_running(child_of(pair, "tree", home)));
        CHECK(text_of(pair, "lone", home) == "parent\n");
        CHECK(is_running(child_of(pair, "lone", home)));
    }

    // A death by a signal from outside is a crash, with exit_code 0.
    for (const Json& rows : {pair.pm2_list(), pair.kpm_list()})
        for (const Json& row : rows)
            if (row["name"] == "signals") REQUIRE(::kill(row["pid"].get<int>(), SIGKILL) == 0);
    check_both(pair,
               "lone status=\"stopped\" restart_time=0 exit_code=4\n"
               "message status=\"stopped\" restart_time=0 exit_code=6\n"
               "signals status=\"online\" restart_time=2 exit_code=0\n"
               "tree status=\"stopped\" restart_time=0 exit_code=4\n");
    run_on_both(pair, {"sendSignal", "SIGNOSUCH", "signals"});
}

TEST_CASE("parity: uid and gid by name and number, and the home that belongs to them", "[e2e][parity]") {
    REQUIRE(::getuid() == 0);  // without root nothing of this can be tested
    const Pm2Pair pair;
    const fs::path work = pair.kpm().work();
    fs::permissions(work.parent_path(), fs::perms{0755});
    fs::permissions(work, fs::perms{0777});
    pair.kpm().write("who.sh", R"(mark=who-$name-$(basename $PM2_HOME)
echo "$(id -u) $(id -g) $HOME" >$mark.new
mv $mark.new $mark
while :; do sleep 1; done
)");
    pair.kpm().write("apps.json", R"([{name: "user", script: "who.sh", uid: "nobody"},
        {name: "both", script: "who.sh", uid: "nobody", gid: "daemon"},
        {name: "number", script: "who.sh", uid: 65534}])");
    run_on_both(pair, {"start", "apps.json"});
    for (const std::string name : {"who-user", "who-both", "who-number"}) {
        INFO(name);
        REQUIRE(both_made(pair, name));
        const std::string by_pm2 = text_of(pair, name, pair.pm2_home());
        CHECK(by_pm2.starts_with("65534 "));
        CHECK(text_of(pair, name, pair.kpm_home()) == by_pm2);
    }
}

}  // namespace kpm::triggers_parity_test

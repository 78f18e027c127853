// The real pm2's command line drives kpmd as if it were its own daemon, and starts none beside it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"

namespace kpm::pm2_client_test {
using namespace test;

namespace {

constexpr const char* kTicker = "echo started $1\necho trouble >&2\nwhile :; do sleep 1; done\n";

// No looking for updates, no agent, no colours (KpmHome asks for none; this would overrule it).
std::map<std::string, std::string> quiet() {
    return {{"PM2_DISABLE_VERSION_CHECK", "true"}, {"PM2_NO_INTERACTION", "true"}, {"FORCE_COLOR", ""}};
}

CommandResult run_pm2(const KpmHome& kpm, std::vector<std::string> args) {
    args.insert(args.begin(), pm2_program());
    return run_command(args, kpm.env(), kpm.work());
}

// The daemons of pm2's own in this home, also those that have not given themselves their title yet.
std::vector<int> pm2_daemons(const KpmHome& kpm) {
    std::vector<int> pids = processes_with("PM2_HOME", kpm.home());
    std::erase_if(pids, [](int pid) {
        const std::string line = command_line(pid);
        return line.find("God Daemon") == std::string::npos &&
               line.find("pm2/lib/Daemon.js") == std::string::npos;
    });
    return pids;
}

// A home that kpmd serves, and pm2 in it.
struct Pm2 {
    KpmHome kpm{quiet()};
    int kpmd = 0;

    Pm2() {
        const CommandResult ping = kpm.kpm({"ping"});
        INFO(ping.out << ping.err << kpm.daemon_log());
        REQUIRE(ping.status == 0);
        kpmd = kpm.daemon_pid();
        REQUIRE(command_line(kpmd).find("kpmd") != std::string::npos);
    }

    // Fails the test as soon as a command has brought another daemon into the home.
    CommandResult operator()(std::vector<std::string> args) const {
        const CommandResult result = run_pm2(kpm, std::move(args));
        check_daemon();
        return result;
    }
    void check_daemon() const {
        CHECK(kpm.daemon_pid() == kpmd);
        CHECK(is_running(kpmd));
        CHECK(pm2_daemons(kpm).empty());
    }

    Json list() const {
        const CommandResult result = (*this)({"jlist"});
        INFO(result.out << result.err);
        REQUIRE(result.status == 0);
        const Json rows = Json::parse(result.out, nullptr, false);
        REQUIRE(rows.is_array());
        return rows;
    }
    Json find(const std::string& name) const {
        for (const Json& row : list())
            if (row.at("name") == name) return row;
        return {};
    }

    void start(const std::string& file, const std::string& script) const {
        kpm.write(file, script);
        const CommandResult started = kpm.kpm({"start", file});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The cells of the first table row whose `column`th cell is `text`; none when there is no such row.
std::vector<std::string> table_row(const std::string& table, std::size_t column, const std::string& text) {
    const std::string bar = "│";
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cells;
        for (std::size_t at = line.find(bar); at != std::string::npos;) {
            const std::size_t begin = at + bar.size();
            at = line.find(bar, begin);
            if (at != std::string::npos) cells.push_back(trimmed(line.substr(begin, at - begin)));
        }
        if (cells.size() > column && cells[column] == text) return cells;
    }
    return {};
}

// Of `describe`, which shows a name and a value in each row.
std::string described(const std::string& table, const std::string& name) {
    const auto row = table_row(table, 0, name);
    return row.size() == 2 ? row[1] : "no row '" + name + "'";
}

// By the columns of `list`.
constexpr std::size_t kId = 0, kName = 1, kNamespace = 2, kMode = 4, kPid = 5, kRestarts = 7, kStatus = 8,
                      kColumns = 13;

}  // namespace

TEST_CASE("pm2 client: without kpmd it starts a daemon of its own, which these tests notice", "[e2e]") {
    const KpmHome kpm(quiet());
    CHECK(pm2_daemons(kpm).empty());
    const CommandResult ping = run_pm2(kpm, {"ping"});
    INFO(ping.out << ping.err);
    CHECK(pm2_daemons(kpm) == std::vector{kpm.daemon_pid()});
    REQUIRE(run_pm2(kpm, {"kill"}).status == 0);
    CHECK(eventually([&] { return pm2_daemons(kpm).empty(); }));
}

TEST_CASE("pm2 client: ping and an empty jlist", "[e2e]") {
    const Pm2 pm2;
    const CommandResult ping = pm2({"ping"});
    CHECK(ping.status == 0);
    CHECK(ping.out == "{ msg: 'pong' }\n");
    CHECK(ping.err.empty());
    CHECK(pm2({"jlist"}).out == "[]");
}

TEST_CASE("pm2 client: jlist shows name, pid, state and figures of each app", "[e2e]") {
    const Pm2 pm2;
    pm2.start("idle.py", "import time\nballast = bytearray(50_000_000)\ntime.sleep(1000)\n");
    pm2.start("busy.sh", "while :; do :; done\n");
    // The second of two looks has a processor time to show.
    REQUIRE(eventually([&] {
        return pm2.find("busy")["monit"]["cpu"] > 5 && pm2.find("idle")["monit"]["memory"] > 50'000'000;
    }));

    const Json rows = pm2.list();
    REQUIRE(rows.size() == 2);
    const Json& idle = rows[0];
    CHECK(idle["name"] == "idle");
    CHECK(idle["pm_id"] == 0);
    CHECK(idle["pm2_env"]["pm_id"] == 0);
    CHECK(idle["pm2_env"]["status"] == "online");
    CHECK(idle["pm2_env"]["restart_time"] == 0);
    CHECK(idle["pm2_env"]["exec_mode"] == "fork_mode");
    CHECK(idle["pm2_env"]["pm_exec_path"] == (pm2.kpm.work() / "idle.py").string());
    const int pid = idle["pid"];
    CHECK(contains(command_line(pid), "idle.py"));
    // The kernel's quick count, which pm2 takes too, is some pages behind.
    CHECK(idle["monit"]["memory"] == Approx(double(figures_of(pid).resident)).epsilon(0.05));
    // Its start may lie in the time that the first looks are about.
    CHECK(eventually([&] { return pm2.find("idle")["monit"]["cpu"] < 5; }));

    const Json& busy = rows[1];
    CHECK(busy["name"] == "busy");
    CHECK(busy["pm_id"] == 1);
    CHECK(contains(command_line(busy["pid"]), "busy.sh"));
    CHECK(busy["monit"]["memory"] > 100'000);
    CHECK(busy["monit"]["memory"] < 20'000'000);
}

TEST_CASE("pm2 client: list and describe show the app", "[e2e]") {
    const Pm2 pm2;
    pm2.start("app.sh", kTicker);
    const std::string pid = std::to_string(pm2.kpm.find("app")["pid"].get<int>());

    const CommandResult list = pm2({"list"});
    INFO(list.out << list.err);
    CHECK(list.status == 0);
    const auto row = table_row(list.out, kName, "app");
    REQUIRE(row.size() == kColumns);
    CHECK(row[kId] == "0");
    CHECK(row[kNamespace] == "default");
    CHECK(row[kMode] == "fork");
    CHECK(row[kPid] == pid);
    CHECK(row[kRestarts] == "0");
    CHECK(row[kStatus] == "online");

    const CommandResult description = pm2({"describe", "app"});
    INFO(description.out << description.err);
    CHECK(description.status == 0);
    CHECK(contains(description.out, "Describing process with id 0 - name app"));
    CHECK(described(description.out, "status") == "online");
    CHECK(described(description.out, "name") == "app");
    CHECK(described(description.out, "restarts") == "0");
    CHECK(described(description.out, "script path") == (pm2.kpm.work() / "app.sh").string());
    CHECK(described(description.out, "out log path") == (pm2.kpm.home() / "logs" / "app-out.log").string());
    CHECK(described(description.out, "interpreter") == "bash");
    CHECK(described(description.out, "exec cwd") == pm2.kpm.work().string());

    const CommandResult nobody = pm2({"describe", "nobody"});
    CHECK(nobody.status == 1);
    CHECK(contains(nobody.out + nobody.err, "nobody doesn't exist"));
    CHECK_FALSE(contains(nobody.out + nobody.err, "Describing"));
}

TEST_CASE("pm2 client: an app is restarted, stopped, restarted and deleted", "[e2e]") {
    const Pm2 pm2;
    pm2.start("app.sh", kTicker);
    const int first = pm2.kpm.find("app")["pid"];

    CommandResult result = pm2({"restart", "app"});
    INFO(result.out << result.err << pm2.kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(contains(result.out, "[app](0) ✓"));
    CHECK_FALSE(is_running(first));
    Json row = pm2.find("app");
    const int second = row["pid"];
    CHECK(second != first);
    CHECK(is_running(second));
    CHECK(row["pm2_env"]["restart_time"] == 1);

    result = pm2({"stop", "app"});
    CHECK(result.status == 0);
    CHECK(table_row(result.out, kName, "app").at(kStatus) == "stopped");
    CHECK_FALSE(is_running(second));
    row = pm2.find("app");
    CHECK(row["pm2_env"]["status"] == "stopped");
    CHECK(row["pid"] == 0);
    CHECK(row["monit"] == Json{{"memory", 0}, {"cpu", 0}});

    result = pm2({"restart", "0"});
    CHECK(result.status == 0);
    CHECK(table_row(result.out, kName, "app").at(kStatus) == "online");
    row = pm2.find("app");
    const int third = row["pid"];
    CHECK(is_running(third));
    CHECK(row["pm2_env"]["restart_time"] == 1);  // it was not running: pm2 counts that as no restart

    result = pm2({"delete", "app"});
    CHECK(result.status == 0);
    CHECK(contains(result.out, "[app](0) ✓"));
    CHECK_FALSE(is_running(third));
    CHECK(pm2.list().empty());
    CHECK(pm2.kpm.list().empty());

    for (const char* action : {"restart", "stop", "delete"}) {
        result = pm2({action, "app"});
        CHECK(result.status == 1);
        CHECK(contains(result.out + result.err, "Process or Namespace app not found"));
    }
}

TEST_CASE("pm2 client: apps that pm2 starts are kpmd's", "[e2e]") {
    const Pm2 pm2;
    pm2.kpm.write("app.sh", kTicker);
    CommandResult result = pm2({"start", "app.sh", "--name", "mine", "-i", "2", "--", "one"});
    INFO(result.out << result.err << pm2.kpm.daemon_log());
    CHECK(result.status == 0);
    const Json rows = pm2.list();
    REQUIRE(rows.size() == 2);
    const int keeper = parent_of(pm2.kpmd);
    for (const Json& row : rows) {
        CHECK(row["name"] == "mine");
        CHECK(row["pm2_env"]["status"] == "online");
        CHECK(parent_of(row["pid"]) == keeper);
    }
    CHECK(eventually(
        [&] { return pm2.kpm.read(pm2.kpm.home() / "logs" / "mine-out-1.log") == "started one\n"; }));

    const int old = rows[1]["pid"];
    result = pm2({"reload", "mine"});
    CHECK(result.status == 0);
    CHECK(pm2.list()[1]["pid"] != old);
    CHECK_FALSE(is_running(old));
}

TEST_CASE("pm2 client: logs --nostream shows the last lines", "[e2e]") {
    const Pm2 pm2;
    pm2.start("app.sh",
              "for i in 1 2 3 4 5; do echo line $i; done\necho trouble >&2\nwhile :; do sleep 1; done\n");
    const auto logs = pm2.kpm.home() / "logs";
    REQUIRE(eventually([&] { return pm2.kpm.read(logs / "app-out.log").ends_with("line 5\n"); }));
    REQUIRE(eventually([&] { return pm2.kpm.read(logs / "app-error.log") == "trouble\n"; }));

    const CommandResult shown = pm2({"logs", "--nostream", "--lines", "2"});
    INFO(shown.out << shown.err);
    CHECK(shown.status == 0);
    CHECK_FALSE(contains(shown.out, "line 3"));
    CHECK(contains(shown.out, "line 4\n"));
    CHECK(contains(shown.out, "line 5\n"));
    CHECK(contains(shown.out, "trouble\n"));
    CHECK(contains(shown.out, (logs / "app-out.log").string() + " last 2 lines:"));
    CHECK(contains(shown.out, "App [app:0] online"));  // of the daemon's own log
}

TEST_CASE("pm2 client: logs streams what an app writes", "[e2e]") {
    const Pm2 pm2;
    pm2.start("app.sh",
              "while :; do\n  echo tick\n  [ -s news ] && cat news && rm news\n  sleep 0.1\ndone\n");
    RunningCommand logs({pm2_program(), "logs", "--lines", "0"}, pm2.kpm.env(), pm2.kpm.work());
    // With no old lines asked for, each that comes was streamed.
    const bool has_begun = eventually([&] { return contains(logs.output(), "0|app  | tick\n"); });
    INFO(logs.output() << pm2.kpm.daemon_log());
    REQUIRE(has_begun);
    pm2.kpm.write("news", "something new\n");
    CHECK(eventually([&] { return contains(logs.output(), "0|app  | something new\n"); }));

    CHECK(pm2({"restart", "app"}).status == 0);
    CHECK(eventually([&] { return contains(logs.output(), "App [app:0] online"); }));
    CHECK(logs.end(SIGINT) == 128 + SIGINT);
    pm2.check_daemon();
}

TEST_CASE("pm2 client: kill ends kpmd and its apps", "[e2e]") {
    const Pm2 pm2;
    pm2.start("app.sh", kTicker);
    const int app = pm2.kpm.find("app")["pid"];
    const int keeper = parent_of(pm2.kpmd);
    const CommandResult killed = run_pm2(pm2.kpm, {"kill"});
    INFO(killed.out << killed.err << pm2.kpm.daemon_log());
    CHECK(killed.status == 0);
    CHECK(contains(killed.out, "PM2 Daemon Stopped"));
    CHECK_FALSE(is_running(app));
    CHECK(eventually([&] { return !is_running(pm2.kpmd) && !is_running(keeper); }));
    CHECK(pm2_daemons(pm2.kpm).empty());
}

TEST_CASE("pm2 client: actions are triggered, lines and packets reach the app", "[e2e]") {
    const Pm2 pm2;
    pm2.kpm.write("actor.js", R"(process.on('message', m => {
    const name = typeof m === 'string' ? m : m.msg;
    if (name === 'greet') process.send({type: 'axm:reply', data: {action_name: 'greet', return: 'hello ' + (m.opts || '')}});
});
process.stdin.on('data', line => console.log('got ' + line));
process.send({type: 'axm:action', data: {action_name: 'greet', arity: 1}});
process.send({type: 'axm:monitor', data: {Queue: {value: 3}}});
process.send('ready');
)");
    pm2.kpm.write("ecosystem.json",
                  R"({"apps":[{"name":"actor","script":"actor.js","interpreter":"node","wait_ready":true,
        "listen_timeout":20000}]})");
    const CommandResult started = pm2.kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << pm2.kpm.daemon_log());
    REQUIRE(started.status == 0);
    const Json env = pm2.find("actor")["pm2_env"];
    CHECK(env["axm_actions"][0]["action_name"] == "greet");
    CHECK(env["axm_monitor"]["Queue"]["value"] == 3);
    const CommandResult triggered = pm2({"trigger", "actor", "greet", "world"});
    INFO(triggered.out << triggered.err);
    CHECK(triggered.status == 0);
    CHECK(triggered.out.find("hello world") != std::string::npos);
    CHECK(pm2({"send", "0", "a line"}).status == 0);
    CHECK(eventually([&] {
        return pm2.kpm.read(pm2.kpm.home() / "logs" / "actor-out.log").find("got a line") !=
               std::string::npos;
    }));
}

TEST_CASE("pm2 client: stdin has no end while no daemon runs, and takes lines after it", "[e2e]") {
    const KpmHome kpm;
    const std::string heard = (kpm.work() / "heard").string();
    kpm.write("read.sh",
              "while read line; do echo \"$line\" >> " + heard + "; done; echo end >> " + heard + "\n");
    REQUIRE(kpm.kpm({"start", "read.sh"}).status == 0);
    const int daemon = kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return kpm.daemon_pid() != daemon && kpm.kpm({"ping"}).status == 0; }));
    CHECK(kpm.find("read")["pm2_env"]["restart_time"] == 0);
    CHECK(run_pm2(kpm, {"send", "0", "a line"}).status == 0);
    CHECK(eventually([&] { return kpm.read(heard) == "a line\n"; }));
}

}  // namespace kpm::pm2_client_test

// A start, restart or reload of an app that ends at once is a failure, and says why; of one that stays, or
// that ends as it is meant to, it is none.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"

namespace kpm::early_death_test {
using namespace test;

namespace {

constexpr const char* kStays = "echo up\nwhile :; do sleep 1; done\n";
constexpr const char* kFails = "echo boom >&2\nexit 3\n";

std::string status_of(const KpmHome& kpm, const std::string& name) {
    const Json row = kpm.find(name);
    return row.is_null() ? "" : row["pm2_env"]["status"].get<std::string>();
}

}  // namespace

TEST_CASE("early death: the start says the cause and the last words, exit 1", "[e2e]") {
    const KpmHome kpm;
    kpm.write("crash.sh", kFails);
    const CommandResult result = kpm.kpm({"start", "crash.sh", "--no-autorestart"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(result.err.find("[PM2][ERROR] cannot start 'crash': it ended right after its start, exit code 3") !=
          std::string::npos);
    CHECK(says(result, "last lines of " + (kpm.home() / "logs" / "crash-error.log").string()));
    CHECK(says(result, "    boom"));
    CHECK(says(result, "it is not started again; `kpm why 0`"));
    CHECK_FALSE(says(result, "Done."));
    CHECK_FALSE(says(result, "│"));  // no list, as behind any failure
    CHECK(status_of(kpm, "crash") == "stopped");
}

TEST_CASE("early death: one that is started again is told of all the same", "[e2e]") {
    const KpmHome kpm;
    kpm.write("crash.sh", kFails);
    const CommandResult result = kpm.kpm({"start", "crash.sh", "--restart-delay", "60000"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "exit code 3"));
    CHECK(says(result, "it is started again, as its configuration says"));
    CHECK(status_of(kpm, "crash") == "waiting restart");
}

TEST_CASE("early death: a program that works for a while before it fails is waited for", "[e2e]") {
    const KpmHome kpm;
    kpm.write("late.py",
              "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
              "raise SystemExit('no database')\n");
    const CommandResult result =
        kpm.kpm({"start", "late.py", "--interpreter", "python3", "--min-uptime", "20s", "--no-autorestart"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "exit code 1"));
    CHECK(says(result, "    no database"));
}

TEST_CASE("early death: time without a processor is no time that it has lived", "[e2e]") {
    const KpmHome kpm;
    // Others on the one processor that it may use: it has half of it at most.
    std::vector<std::unique_ptr<RunningCommand>> others;
    for (int i = 0; i < 4; ++i)
        others.push_back(std::make_unique<RunningCommand>(
            std::vector<std::string>{"taskset", "-c", "0", "sh", "-c", "while :; do :; done"},
            std::map<std::string, std::string>{}, kpm.work().string()));
    kpm.write("late.py",
              "import os, time\nos.sched_setaffinity(0, {0})\nend = time.process_time() + 0.7\n"
              "while time.process_time() < end: pass\nraise SystemExit('no database')\n");
    const CommandResult result =
        kpm.kpm({"start", "late.py", "--interpreter", "python3", "--no-autorestart"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "    no database"));
}

TEST_CASE("early death: a signal is named", "[e2e]") {
    const KpmHome kpm;
    kpm.write("abort.sh", "kill -SEGV $$\n");
    const CommandResult result = kpm.kpm({"start", "abort.sh", "--no-autorestart"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "signal SIGSEGV"));
}

TEST_CASE("early death: an end with 0, or with a code that is meant, is no failure", "[e2e]") {
    const KpmHome kpm;
    kpm.write("job.sh", "exit ${1:-0}\n");
    CommandResult result = kpm.kpm({"start", "job.sh", "--no-autorestart"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(says(result, "Done."));
    result = kpm.kpm({"start", "job.sh", "--name", "seven", "--stop-exit-codes", "6,7", "--", "7"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(status_of(kpm, "seven") == "stopped");
}

TEST_CASE("early death: apps that stay are up, at rest or at work", "[e2e]") {
    const KpmHome kpm;
    kpm.write("rest.sh", kStays);
    kpm.write("work.sh", "while :; do :; done\n");
    for (const char* script : {"rest.sh", "work.sh"}) {
        const CommandResult result = kpm.kpm({"start", script, "--min-uptime", "300"});
        INFO(result.out << result.err << kpm.daemon_log());
        CHECK(result.status == 0);
        CHECK(says(result, "Done."));
        CHECK(says(result, "│"));
    }
}

TEST_CASE("early death: of a file's apps only the one that failed is told of, and the others run", "[e2e]") {
    const KpmHome kpm;
    kpm.write("good.sh", kStays);
    kpm.write("bad.sh", kFails);
    kpm.write("ecosystem.json",
              R"({"apps":[{"name":"bad","script":"bad.sh","instances":3,"autorestart":false},
                          {"name":"good","script":"good.sh"}]})");
    const CommandResult result = kpm.kpm({"start", "ecosystem.json"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "cannot start 'bad' (3 instances): it ended right after its start, exit code 3"));
    CHECK_FALSE(says(result, "cannot start 'good'"));
    CHECK(status_of(kpm, "good") == "online");
}

TEST_CASE("early death: the words behind one that failed are started", "[e2e]") {
    const KpmHome kpm;
    kpm.write("good.sh", kStays);
    kpm.write("bad.sh", kFails);
    const CommandResult result = kpm.kpm({"start", "bad.sh", "good.sh", "--no-autorestart"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(status_of(kpm, "good") == "online");
}

TEST_CASE("early death: restart, reload and scale tell of it, too", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kStays);
    REQUIRE(kpm.kpm({"start", "app.sh", "--no-autorestart"}).status == 0);
    kpm.write("app.sh", kFails);
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"restart", "app"}, {"reload", "app"}, {"start", "app"}, {"scale", "app", "2"}}) {
        const CommandResult result = kpm.kpm(words);
        INFO(words[0] << "\n" << result.out << result.err << kpm.daemon_log());
        CHECK(result.status == 1);
        CHECK(says(result, "cannot start 'app': it ended right after its start, exit code 3"));
        CHECK(says(result, "    boom"));
    }
}

TEST_CASE("early death: one that is not ready in time is quoted, by start, restart and reload", "[e2e]") {
    const KpmHome kpm;
    kpm.write("mute.sh", "echo cannot reach db >&2\nwhile :; do sleep 1; done\n");
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"start", "mute.sh", "--wait-ready", "--listen-timeout", "300"},
             {"restart", "mute"},
             {"reload", "mute"},
             {"start", "mute"}}) {
        const CommandResult result = kpm.kpm(words);
        INFO(words[0] << "\n" << result.out << result.err << kpm.daemon_log());
        CHECK(result.status == 1);
        CHECK(says(result, "cannot start 'mute': not ready within 300 ms"));
        CHECK(says(result, "last lines of " + (kpm.home() / "logs" / "mute-error.log").string()));
        CHECK(says(result, "    cannot reach db"));
        CHECK(says(result, "hint: it goes on running; `kpm logs 0`"));
    }
}

TEST_CASE("early death: a file's app that ends before it is ready is quoted, too", "[e2e]") {
    const KpmHome kpm;
    kpm.write("bad.sh", kFails);
    kpm.write("ecosystem.json",
              R"({"apps":[{"name":"bad","script":"bad.sh","wait_ready":true,"autorestart":false}]})");
    const CommandResult result = kpm.kpm({"start", "ecosystem.json"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "cannot start 'bad': it exited with code 3 before it was up"));
    CHECK(says(result, "    boom"));
    CHECK(says(result, "hint: it is not started again; `kpm why 0`"));
}

TEST_CASE("early death: the successor that a reload gives up is quoted", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.js",
              "if (require('fs').existsSync('broken')) console.error('cannot reach db');\n"
              "else process.send('ready');\nsetInterval(() => {}, 1000);\n");
    good(kpm, {"start", "app.js", "-i", "1", "--wait-ready"});
    const int pid = kpm.find("app")["pid"];
    kpm.write("broken", "");
    const CommandResult result = kpm.kpm({"reload", "app", "--listen-timeout", "1500"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "not ready within 1500 ms; the old process goes on"));
    CHECK(says(result, "    cannot reach db"));
    CHECK(kpm.find("app")["pid"] == pid);
}

TEST_CASE("early death: where nothing was started, the old process's last words are no cause", "[e2e]") {
    const KpmHome kpm;
    const std::filesystem::path folder = kpm.work() / "folder";
    std::filesystem::create_directory(folder);
    kpm.write("app.sh", "trap 'echo bye >&2; exit' INT\necho up\nwhile :; do sleep 0.05; done\n");
    good(kpm, {"start", (kpm.work() / "app.sh").string(), "--cwd", folder.string()});
    REQUIRE(eventually([&] { return kpm.read(kpm.home() / "logs" / "app-out.log") == "up\n"; }));
    std::filesystem::remove(folder);
    const CommandResult result = kpm.kpm({"restart", "app"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(kpm.read(kpm.home() / "logs" / "app-error.log") == "bye\n");
    CHECK(says(result, "[PM2][ERROR] cannot start 'app'"));
    CHECK_FALSE(says(result, "last lines of"));
}

}  // namespace kpm::early_death_test

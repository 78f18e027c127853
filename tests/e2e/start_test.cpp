// What `start` makes of its words, of the files beside them and of the shell that it is called from.
#include <sched.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"
#include "tests/support/process_table.h"

namespace kpm::start_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

constexpr const char* kForever = "exec sleep 600\n";

std::string status_of(const KpmHome& kpm, const std::string& name) {
    return kpm.find(name)["pm2_env"]["status"];
}

std::string first_usable_cpu() {
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) return std::to_string(cpu);
    return "0";
}

}  // namespace

TEST_CASE("start: a folder with a slash at its end has the folder's name", "[e2e]") {
    const KpmHome kpm;
    kpm.write("pack/index.js", "setInterval(() => {}, 1000);\n");
    kpm.write("other/index.js", "setInterval(() => {}, 1000);\n");
    kpm.write("eco.json", R"({"script": "./other/"})");
    good(kpm, {"start", "./pack/"});
    CHECK(status_of(kpm, "pack") == "online");
    CHECK(says(good(kpm, {"start", "eco.json"}), "App [other] launched"));
    CHECK(kpm.find("other")["pm2_env"]["pm_exec_path"] == (kpm.work() / "other").string());
    good(kpm, {"delete", "eco.json"});
    CHECK(kpm.list().size() == 1);
}

TEST_CASE("start: a --cwd that is not there is named, and nothing runs", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    const CommandResult result = kpm.kpm({"start", "app.sh", "--cwd", "none"});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "[PM2][ERROR] cannot start 'app': cannot change to directory '" +
                           (kpm.work() / "none").string() + "': No such file or directory"));
    CHECK(kpm.list().empty());
}

TEST_CASE("start: -w writes what is no UTF-8 with replacements, in the place of the file that was there",
          "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    const fs::path file = kpm.write("app-pm2.json", "old");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    const CommandResult result = kpm.kpm({"start", "app.sh", "-w", "--", "a\xff\xfe", "b"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    const Json written = Json::parse(kpm.read(file));
    CHECK(written["apps"][0]["args"] == Json::array({"a\xEF\xBF\xBD\xEF\xBF\xBD", "b"}));
    CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
    // Nothing is left beside it.
    for (const fs::directory_entry& entry : fs::directory_iterator(kpm.work()))
        CHECK(entry.path().filename().string().find("app-pm2.json.") == std::string::npos);
}

TEST_CASE("start: a broken .config.js is shown with file and line", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    const auto refuses = [&](const std::string& text, const std::string& reason) {
        kpm.write("eco.config.js", text);
        const CommandResult result = kpm.kpm({"start", "eco.config.js"});
        INFO(text << "\n" << result.out << result.err);
        CHECK(result.status == 1);
        CHECK(says(result, "File eco.config.js malformated"));
        CHECK(says(result, reason));
    };
    refuses("module.exports = {\n  apps: [{ script: './app.sh' ]\n};\n", "eco.config.js:2");
    refuses("\n\nmodule.exports = { apps: none };\n", "eco.config.js:3");
    CHECK(kpm.list().empty());
}

TEST_CASE("start: a .config.js that does not end is given up after ten seconds", "[e2e]") {
    const KpmHome kpm;
    kpm.write("eco.config.js", "require('fs').writeFileSync('pid', String(process.pid));\nfor (;;);\n");
    const auto before = std::chrono::steady_clock::now();
    const CommandResult result = kpm.kpm({"start", "eco.config.js"});
    const auto took = std::chrono::steady_clock::now() - before;
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "eco.config.js': "));
    CHECK(took >= std::chrono::seconds{10});
    CHECK(took < std::chrono::seconds{40});
    CHECK_FALSE(is_running(std::stoi(kpm.read(kpm.work() / "pid"))));
}

TEST_CASE("start: an app without autostart waits for an explicit start", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", R"({"name": "by-file", "script": "./app.sh", "autostart": false})");
    good(kpm, {"start", "app.sh", "--no-autostart"});
    good(kpm, {"start", "eco.json"});
    for (const char* name : {"app", "by-file"}) {
        INFO(name);
        CHECK(status_of(kpm, name) == "stopped");
        CHECK(kpm.find(name)["pid"] == 0);
        good(kpm, {"start", name});
        CHECK(status_of(kpm, name) == "online");
        CHECK(is_running(kpm.find(name)["pid"]));
    }
}

TEST_CASE("start: a source map beside the script is used, unless it is switched off", "[e2e]") {
    const KpmHome kpm;
    const std::string map = R"({"version":3,"sources":["original.ts"],"names":[],"mappings":"AAAA"})";
    kpm.write("mapped.js",
              "console.log(new Error('x').stack.split('\\n')[1]); setInterval(() => {}, 1000);\n"
              "//# sourceMappingURL=mapped.js.map\n");
    kpm.write("mapped.js.map", map);
    kpm.write("eco.json", R"({"name": "off", "script": "mapped.js", "source_map_support": false})");
    good(kpm, {"start", "mapped.js"});
    good(kpm, {"start", "mapped.js", "-n", "disabled", "--disable-source-map-support"});
    good(kpm, {"start", "eco.json"});
    const auto output = [&](const std::string& name) {
        return kpm.read(kpm.home() / "logs" / (name + "-out.log"));
    };
    CHECK(eventually([&] { return output("mapped").find("original.ts:1:1") != std::string::npos; }));
    for (const char* name : {"disabled", "off"}) {
        INFO(name);
        CHECK(eventually([&] { return output(name).find("mapped.js:1:") != std::string::npos; }));
    }
}

TEST_CASE("start: node@VERSION is the newest such version of nvm, or its installation is named", "[e2e]") {
    const KpmHome kpm({{"NVM_DIR", fs::temp_directory_path() / "kpm-no-nvm"}});
    kpm.write("app.js", "setInterval(() => {}, 1000);\n");
    kpm.write("eco.json", R"({"name": "app", "script": "app.js", "interpreter": "node@18"})");
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"start", "app.js", "--interpreter", "node@18"}, {"start", "eco.json"}}) {
        const CommandResult refused = kpm.kpm(words);
        INFO(refused.out << refused.err);
        CHECK(refused.status == 1);
        CHECK(says(refused, "Interpreter node@18 is NOT AVAILABLE in PATH."));
        CHECK(says(refused, "`nvm install 18`"));
    }
    CHECK(kpm.list().empty());

    auto env = kpm.env();
    env["NVM_DIR"] = kpm.work() / "nvm";
    for (const char* version : {"v18.2.0", "v18.12.1"}) {
        const fs::path folder = kpm.work() / "nvm" / "versions" / "node" / version / "bin";
        fs::create_directories(folder);
        kpm.write(fs::relative(folder / "node", kpm.work()), "#!/bin/sh\nexec node \"$@\"\n");
        fs::permissions(folder / "node", fs::perms{0755});
    }
    const CommandResult started =
        run_command({bin_dir() / "kpm", "start", "app.js", "--interpreter", "node@18"}, env, kpm.work());
    INFO(started.out << started.err << kpm.daemon_log());
    CHECK(started.status == 0);
    CHECK(kpm.find("app")["pm2_env"]["exec_interpreter"] ==
          (kpm.work() / "nvm/versions/node/v18.12.1/bin/node").string());
}

TEST_CASE("start: the number of CPUs is the daemon's, whatever the shell may use", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", R"({"name": "app", "script": "./app.sh", "instances": "max"})");
    const CommandResult up =
        run_command({"taskset", "-c", first_usable_cpu(), bin_dir() / "kpm", "ping"}, kpm.env(), kpm.work());
    INFO(up.out << up.err);
    REQUIRE(up.status == 0);
    CHECK(says(good(kpm, {"start", "eco.json"}), "App [app] launched (1 instances)"));
    CHECK(kpm.list().size() == 1);
    CHECK_FALSE(says(good(kpm, {"restart", "eco.json"}), "the file asks for"));
}

TEST_CASE("start: kpm inside an app passes nothing on of what describes that app", "[e2e]") {
    const KpmHome kpm;
    const std::string program = bin_dir() / "kpm";
    kpm.write("inner.sh", kForever);
    kpm.write("outer.sh", "export MARK=new\n'" + program + "' restart first --update-env >said 2>&1\n'" +
                              program + "' start second --update-env >>said 2>&1\n'" + program +
                              "' start inner.sh -n third >>said 2>&1\ntouch done\nexec sleep 600\n");
    for (const char* name : {"first", "second"}) good(kpm, {"start", "inner.sh", "-n", name});
    good(kpm, {"start", "outer.sh", "--namespace", "elsewhere", "--max-memory-restart", "900M", "--node-args",
               "-u"});
    REQUIRE(eventually([&] { return fs::exists(kpm.work() / "done"); }));
    INFO(kpm.read(kpm.work() / "said"));
    for (const char* name : {"first", "second", "third"}) {
        INFO(name);
        const Json row = kpm.find(name);
        REQUIRE_FALSE(row.is_null());
        const int pid = row["pid"];
        CHECK(variable_of(pid, "MARK") == "new");
        CHECK(variable_of(pid, "name") == name);
        CHECK(variable_of(pid, "pm_id") == row["pm_id"].dump());
        CHECK(variable_of(pid, "namespace") == "default");
        CHECK(variable_of(pid, "pm_exec_path") == (kpm.work() / "inner.sh").string());
        CHECK(variable_of(pid, "max_memory_restart") == "(none)");
        for (const char* outers : {"name", "pm_id", "pm_exec_path", "max_memory_restart", "status"})
            CHECK_FALSE(row["pm2_env"]["env"].contains(outers));
    }
}

TEST_CASE("start: a file's apps are judged by what became of them, under a daemon that ran before", "[e2e]") {
    const KpmHome kpm;
    good(kpm, {"ping"});
    kpm.write("app.sh", kForever);
    SECTION("one that another waits for") {
        kpm.write("eco.json", R"({"apps": [
            {"name": "web", "script": "app.sh", "depends_on": {"migrate": {"condition": "completed"}}},
            {"name": "migrate", "script": "migrate.sh", "autorestart": false}]})");
        kpm.write("migrate.sh", "#!/bin/sh\nsleep 1\n");
        good(kpm, {"start", "eco.json"});
        CHECK(kpm.find("web")["pm2_env"]["status"] == "online");
    }
    SECTION("one that ends at once") {
        kpm.write("eco.json", R"({"apps": [{"name": "bad", "script": "bad.sh", "autorestart": false}]})");
        kpm.write("bad.sh", "#!/bin/sh\nexit 3\n");
        const CommandResult started = kpm.kpm({"start", "eco.json"});
        CHECK(started.status == 1);
        CHECK(says(started, "cannot start 'bad'"));
    }
    SECTION("those that are gone when the next target is looked for") {
        kpm.write("eco.json", R"({"apps": [{"name": "one", "script": "app.sh"}]})");
        good(kpm, {"start", "eco.json"});
        good(kpm, {"start", "app.sh", "--name", "two"});
        good(kpm, {"delete", "eco.json", "all"});
        CHECK(kpm.list().empty());
    }
}

TEST_CASE("reload: the lock of another reload counts for PM2_RELOAD_LOCK_TIMEOUT", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    good(kpm, {"start", "app.sh"});
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const auto reload = [&](const std::string& timeout) {
        std::ofstream(kpm.home() / "reload.lock") << now.count();
        auto env = kpm.env();
        env["PM2_RELOAD_LOCK_TIMEOUT"] = timeout;
        return run_command({bin_dir() / "kpm", "reload", "app"}, env, kpm.work());
    };
    for (const char* timeout : {"", "600000", "odd"}) {
        INFO(timeout);
        const CommandResult refused = reload(timeout);
        CHECK(refused.status == 1);
        CHECK(says(refused, "Reload already in progress, please try again in "));
    }
    CHECK(reload("1").status == 0);
}

// How many are worked on at a time is seen by apps that do not end before they are let.
TEST_CASE("start: a restart of many works on as many at a time as --parallel says, or the variable",
          "[e2e]") {
    const KpmHome kpm;
    kpm.write(
        "app.sh",
        "trap 'echo begin >> stops; while [ ! -e go ]; do sleep 0.05; done; echo end >> stops; exit' INT\n"
        "while :; do sleep 0.05; done\n");
    REQUIRE(kpm.kpm({"start", "app.sh", "-i", "3", "--kill-timeout", "60000"}).status == 0);
    auto env = kpm.env();
    std::vector<std::string> words{(bin_dir() / "kpm").string(), "restart", "all"};
    std::string at_first = "begin\n";
    SECTION("the option") {
        words.insert(words.end(), {"--parallel", "2"});
        at_first += "begin\n";
    }
    SECTION("the variable") {
        env["PM2_CONCURRENT_ACTIONS"] = "1";
    }
    const auto stops = [&] { return kpm.read(kpm.work() / "stops"); };
    RunningCommand restart(words, env, kpm.work());
    REQUIRE(eventually([&] { return stops() == at_first; }));
    kpm.write("go", "");
    CHECK(eventually([&] {
        const std::string text = stops();
        return std::ranges::count(text, '\n') == 6;
    }));
    CHECK(stops().starts_with(at_first + "end\n"));
    CHECK(eventually([&] { return restart.output().find("│ 2  │") != std::string::npos; }));
    for (const Json& row : kpm.list()) CHECK(row["pm2_env"]["restart_time"] == 1);
}

}  // namespace kpm::start_test

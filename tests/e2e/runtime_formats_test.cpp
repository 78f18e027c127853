// kpm-runtime: what comes out of it, where it finds its home, and what a second shell sees of it.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "ipc/base/json.h"
#include "ipc/base/text.h"
#include "tests/support/container.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/temp_dir.h"

namespace kpm::runtime_formats_test {
using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kUp = "#!/bin/sh\necho up\nexec sleep 600\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

bool comes(const Container& container, const std::string& text) {
    return eventually([&] { return has(container.out(), text); });
}

std::vector<Json> json_lines(const std::string& text) {
    std::vector<Json> lines;
    for (const std::string_view line : split(text, '\n')) {
        if (line.empty()) continue;
        Json parsed = Json::parse(line, nullptr, false);
        if (parsed.is_object()) lines.push_back(std::move(parsed));
    }
    return lines;
}

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.push_back(key);
    return keys;
}

// The first line that says something, and the first that tells of an event.
const Json* first_of(const std::vector<Json>& lines, const std::string& key, const std::string& value) {
    for (const Json& line : lines)
        if (line.value(key, "") == value) return &line;
    return nullptr;
}

// The daemon's own lines stand between the apps' writes.
std::string without_daemon_lines(std::string text) {
    for (std::size_t mark; (mark = text.find(": PM2 log: ")) != std::string::npos;) {
        const std::size_t begin = mark - std::string("2024-05-01T12:30:00").size();
        text.erase(begin, text.find('\n', mark) + 1 - begin);
    }
    return text;
}

// What the real pm2-runtime prints for this app with this option, until it has said "last".
std::string pm2_output(const std::string& script, const std::string& option) {
    const TempDir folder;
    std::ofstream(folder.path() / "app.js") << script;
    const auto program = pm2_program().parent_path() / "pm2-runtime";
    RunningCommand pm2({program.string(), "start", "app.js", option},
                       {{"PM2_HOME", (folder.path() / "home").string()}, {"NO_COLOR", "1"}},
                       folder.path().string());
    CHECK(eventually([&] { return has(pm2.output(), "last"); }));
    const std::string output = pm2.output();
    pm2.end(SIGINT);
    return output;
}

}  // namespace

TEST_CASE("runtime: the apps' bytes come out as they are, each stream on its own", "[e2e]") {
    REQUIRE(::geteuid() == 0);
    Container container;
    // All bytes, no newline at the end, and more than a pipe holds.
    container.write("app.py",
                    "import sys\n"
                    "every = bytes(range(256)) * 4096\n"
                    "sys.stdout.buffer.write(every + b'\\xc3')\n"
                    "sys.stderr.buffer.write(b'\\x00err' + every)\n");
    container.start({"kpm-runtime", "app.py", "--interpreter", "python3", "--no-autorestart"});
    CHECK(container.wait() == 0);
    std::string every;
    for (int i = 0; i < 256 * 4096; ++i) every += static_cast<char>(i % 256);
    CHECK(container.out() == every + "\xc3");
    CHECK(without_daemon_lines(container.err()) == std::string("\0err", 4) + every);
}

TEST_CASE("runtime: the same three forms as pm2-runtime", "[e2e]") {
    REQUIRE(::geteuid() == 0);
    const std::string script =
        "console.log('first'); console.error('bad'); setTimeout(() => console.log('last'), 300);\n"
        "setInterval(() => {}, 1000);\n";
    const auto kpm_output = [&](const std::string& option) {
        Container container;
        container.write("app.js", script);
        container.start({"kpm-runtime", "start", "app.js", option});
        CHECK(comes(container, "last"));
        container.signal(SIGTERM);
        CHECK(container.wait() == 0);
        return container.out();
    };
    SECTION("formatted") {
        const std::string kpm = kpm_output("--formatted"), pm2 = pm2_output(script, "--formatted");
        for (const char* line : {"0|app  | first\n", "0|app  | bad\n", "0|app  | last\n"}) {
            CHECK(has(kpm, line));
            CHECK(has(pm2, line));
        }
    }
    SECTION("json") {
        const auto kpm = json_lines(kpm_output("--json")), pm2 = json_lines(pm2_output(script, "--json"));
        for (const char* message : {"first", "bad", "last"}) {
            const Json *ours = first_of(kpm, "message", message), *theirs = first_of(pm2, "message", message);
            REQUIRE(ours);
            REQUIRE(theirs);
            CHECK(keys_of(*ours) == keys_of(*theirs));
            for (const char* key : {"type", "process_id", "app_name"}) CHECK((*ours)[key] == (*theirs)[key]);
        }
        const Json *ours = first_of(kpm, "type", "process_event"),
                   *theirs = first_of(pm2, "type", "process_event");
        REQUIRE(ours);
        REQUIRE(theirs);
        CHECK(keys_of(*ours) == keys_of(*theirs));
        CHECK(first_of(kpm, "status", "online"));
    }
    SECTION("format") {
        const std::regex form(
            R"(timestamp=\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d[+-]\d{4} app=app id=0 type=out message=first)");
        CHECK(std::regex_search(kpm_output("--format"), form));
        CHECK(std::regex_search(pm2_output(script, "--format"), form));
    }
}

TEST_CASE("runtime: a second shell finds the daemon, whatever the user's home is", "[e2e]") {
    REQUIRE(::geteuid() == 0);
    const std::vector<Container::Options> all{
        {.env = {}},                // root on a root that cannot be written
        {.env = {"HOME=/tmp"}},     // a tmpfs
        {.env = {}, .uid = 12345},  // in no password file, without HOME and USER
        {.env = {"HOME=/nonexistent", "USER=nobody"}, .uid = 65534},
        {.env = {"KPM_HOME=/tmp/deep/home"}, .uid = 12345},
    };
    for (const Container::Options& options : all) {
        CAPTURE(options.env, options.uid);
        Container container(options);
        container.write("app.sh", kUp);
        container.start({"kpm-runtime", "app.sh", "--name", "web"});
        REQUIRE(comes(container, "up\n"));
        CHECK(container.exec({"touch", "/etc/written"}).status != 0);
        const CommandResult list = container.exec({"kpm", "jlist"});
        INFO(list.out << list.err << container.err());
        const Json rows = Json::parse(list.out);
        REQUIRE(rows.size() == 1);
        CHECK(rows[0]["name"] == "web");
        CHECK(has(container.exec({"kpm", "list"}).out, "online"));
        CHECK(container.exec({"kpm", "restart", "all"}).status == 0);
        CHECK(comes(container, "up\nup\n"));
        CHECK(container.exec({"kpm", "logs", "--nostream"}).status == 0);
        CHECK(container.exec({"kpm", "healthcheck"}).out == "healthy: 1 online\n");
        container.signal(SIGTERM);
        CHECK(container.wait() == 0);
    }
}

TEST_CASE("runtime: logs and monit of a second shell follow the container's apps", "[e2e]") {
    REQUIRE(::geteuid() == 0);
    Container container;
    container.write("app.sh", "#!/bin/sh\nwhile :; do echo tick; sleep 0.1; done\n");
    container.start({"kpm-runtime", "app.sh"});
    REQUIRE(comes(container, "tick\n"));
    CHECK(has(container.exec({"timeout", "3", "kpm", "logs", "--raw"}).out, "tick\n"));
    const CommandResult monit =
        container.exec({"timeout", "3", "script", "-qec", "TERM=xterm kpm monit", "/dev/null"});
    CHECK(has(monit.out, "app"));
    CHECK(container.is_running());
}

TEST_CASE("runtime: healthcheck is 0 only when all that should be up are", "[e2e]") {
    REQUIRE(::geteuid() == 0);
    Container container({.env = {"HOME=/tmp"}});
    CHECK(run_command({(bin_dir() / "kpm").string(), "healthcheck"}, {{"KPM_HOME", "/tmp/kpm-nobody-there"}})
              .status == 1);
    container.write("web.sh", kUp);
    container.write("job.sh", "#!/bin/sh\nexit 0\n");
    container.write("late.js",
                    "console.log('late'); process.on('SIGUSR1', () => process.send('ready'));\n"
                    "setInterval(() => {}, 1000);\n");
    container.write("eco.json", R"({"apps": [
        {"script": "web.sh"},
        {"script": "job.sh", "autorestart": false},
        {"script": "late.js", "wait_ready": true, "listen_timeout": "1h"}]})");
    container.start({"kpm-runtime", "eco.json"});
    REQUIRE(comes(container, "late\n"));
    const auto json = [&] { return Json::parse(container.exec({"kpm", "healthcheck", "--json"}).out); };
    CHECK(container.exec({"kpm", "healthcheck"}).status == 1);
    CHECK(has(container.exec({"kpm", "healthcheck"}).err, "unhealthy: late (2) not ready"));
    CHECK(container.exec({"kpm", "healthcheck", "web"}).status == 0);
    CHECK(json()["healthy"] == false);
    CHECK(container.exec({"kpm", "sendSignal", "SIGUSR1", "late"}).status == 0);
    CHECK(eventually([&] { return container.exec({"kpm", "healthcheck"}).status == 0; }));
    CHECK(json()["healthy"] == true);
    CHECK(container.exec({"kpm", "stop", "web"}).status == 0);
    CHECK(has(container.exec({"kpm", "healthcheck"}).err, "web (0) stopped"));
    CHECK(has(container.exec({"kpm", "healthcheck", "none"}).err, "there is no none"));
}

TEST_CASE("runtime: a compose file's variables", "[e2e]") {
    REQUIRE(::geteuid() == 0);
    const std::string config =
        "module.exports = {apps: [{name: 'web', script: 'app.js', exec_mode: 'cluster',\n"
        "  instances: process.env.PM2_INSTANCES || 1, env: {PORT: process.env.PORT || 3000}}]};\n";
    const std::string app =
        "console.log(`port=${process.env.PORT} cluster=${require('cluster').isWorker}`);\n"
        "setInterval(() => {}, 1000);\n";
    const auto count_of = [](const std::string& text, const std::string& part) {
        int count = 0;
        for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
        return count;
    };
    SECTION("a configuration file that reads them works as it is") {
        Container container({.env = {"PM2_INSTANCES=3", "PORT=3456"}});
        container.write("ecosystem.config.cjs", config);
        container.write("app.js", app);
        container.start({"pm2-runtime", "ecosystem.config.cjs"});
        CHECK(eventually([&] { return count_of(container.out(), "port=3456 cluster=true\n") == 3; }));
    }
    SECTION("kpm's names mean the same") {
        Container container({.env = {"KPM_INSTANCES=3", "KPM_PORT=3456"}});
        container.write("ecosystem.config.cjs", config);
        container.write("app.js", app);
        container.start({"kpm-runtime", "ecosystem.config.cjs"});
        CHECK(eventually([&] { return count_of(container.out(), "port=3456 cluster=true\n") == 3; }));
    }
    SECTION("a script without a file, too; -i goes before") {
        Container container({.env = {"PM2_INSTANCES=max"}});
        container.write("app.js", app);
        container.start({"kpm-runtime", "app.js"});
        const long cpus = std::stol(run_command({"nproc"}).out);
        CHECK(eventually([&] { return count_of(container.out(), "cluster=true\n") == cpus; }));
        Container two({.env = {"PM2_INSTANCES=5"}});
        two.write("app.js", app);
        two.start({"kpm-runtime", "app.js", "-i", "2"});
        CHECK(eventually([&] { return count_of(two.out(), "cluster=true\n") == 2; }));
    }
    SECTION("a number that is none") {
        Container container({.env = {"PM2_INSTANCES=many"}});
        container.write("app.js", app);
        container.start({"kpm-runtime", "app.js"});
        CHECK(container.wait() == 1);
        CHECK(has(container.err(), "PM2_INSTANCES: expected max or a number, found \"many\""));
    }
    SECTION("USE_PM2=false: the app itself is the first process") {
        Container container({.env = {"USE_PM2=false", "PM2_INSTANCES=4", "PORT=3456"}});
        container.write("ecosystem.config.cjs", config);
        container.write("app.js", app +
                                      "console.log(`pid=${process.pid}`);\n"
                                      "process.on('SIGTERM', () => process.exit(9));\n");
        container.start({"pm2-runtime", "ecosystem.config.cjs"});
        CHECK(comes(container, "pid=1\n"));
        CHECK(has(container.out(), "port=3456 cluster=false\n"));
        const CommandResult healthy = container.exec({"kpm", "healthcheck"});
        CHECK(healthy.status == 0);
        CHECK(healthy.out == "healthy: no supervisor is wanted\n");
        container.signal(SIGTERM);
        CHECK(container.wait() == 9);
    }
}

}  // namespace kpm::runtime_formats_test

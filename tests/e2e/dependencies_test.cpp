// depends_on: what others need is started first and stopped last.
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"

namespace kpm::dependencies_test {
using namespace test;
using Lines = std::vector<std::string>;

namespace {

// Its argument is its name. Writes down its start and its end.
constexpr const char* kApp = R"(trap 'echo "stop $1" >> order; exit 0' INT TERM
echo "start $1" >> order
while :; do sleep 0.05; done
)";

struct Home : KpmHome {
    Home() { write("app.sh", kApp); }

    // `apps` without script and args of those that are app.sh.
    void configure(Json apps) const {
        for (Json& app : apps) {
            if (!app.contains("script")) {
                app["script"] = "./app.sh";
                app["args"] = Json::array({app["name"]});
            }
        }
        write("eco.json", Json{{"apps", apps}}.dump());
    }
    Lines order() const {
        Lines lines;
        std::istringstream text(read(work() / "order"));
        for (std::string line; std::getline(text, line);) lines.push_back(line);
        return lines;
    }
    // When that many lines are there: the last start may still be on its way to the file.
    Lines order(std::size_t lines) const {
        (void)eventually([&] { return order().size() >= lines; });
        return order();
    }
    void forget_order() const { write("order", ""); }
    CommandResult good(std::vector<std::string> args) const {
        CommandResult result = kpm(std::move(args));
        INFO(result.out << result.err << daemon_log());
        CHECK(result.status == 0);
        return result;
    }
    CommandResult bad(std::vector<std::string> args) const {
        CommandResult result = kpm(std::move(args));
        INFO(result.out << result.err << daemon_log());
        CHECK(result.status == 1);
        return result;
    }
    std::string status(const std::string& name) const {
        const Json row = find(name);
        return row.is_null() ? "" : row["pm2_env"]["status"].get<std::string>();
    }
};

const Lines kStarts{"start db", "start api", "start web"};
const Lines kStops{"stop web", "stop api", "stop db"};
const Lines kRestarts{"stop db", "start db", "stop api", "start api", "stop web", "start web"};

// Dependents first in the file, so that the order is not that of the file.
const Json kChain = Json::parse(R"([{"name": "web", "depends_on": ["api"]},
                                    {"name": "api", "depends_on": "db"},
                                    {"name": "db"}])");

}  // namespace

TEST_CASE("dependencies: a file is started from what others need", "[e2e]") {
    const Home kpm;
    kpm.configure(kChain);
    kpm.good({"start", "eco.json"});
    CHECK(kpm.order(3) == kStarts);
    CHECK(kpm.find("web")["pm2_env"]["depends_on"] == Json::array({"api"}));
    CHECK(says(kpm.good({"describe", "web"}), "│ depends on        │ api"));
    kpm.forget_order();

    SECTION("stop, start, restart and reload keep the order") {
        kpm.good({"stop", "all"});
        CHECK(kpm.order(3) == kStops);
        kpm.forget_order();
        kpm.good({"start", "web"});
        CHECK(kpm.order(3) == kStarts);
        kpm.forget_order();
        kpm.good({"restart", "all"});
        CHECK(kpm.order(6) == kRestarts);
        kpm.forget_order();
        kpm.good({"reload", "eco.json"});
        CHECK(kpm.order(6) == kRestarts);
        kpm.forget_order();
        kpm.good({"stop", "eco.json"});
        CHECK(kpm.order(3) == kStops);
    }
    SECTION("one that is stopped alone takes none along") {
        kpm.good({"stop", "db"});
        CHECK(kpm.order(1) == Lines{"stop db"});
        CHECK(kpm.status("web") == "online");
    }
    SECTION("delete all, and the list that is restored") {
        kpm.good({"save"});
        kpm.good({"delete", "all"});
        CHECK(kpm.order(3) == kStops);
        kpm.forget_order();
        kpm.good({"resurrect"});
        CHECK(kpm.order(3) == kStarts);
    }
    SECTION("the daemon's end") {
        REQUIRE(::kill(kpm.daemon_pid(), SIGTERM) == 0);
        CHECK(kpm.order(3) == kStops);
    }
}

TEST_CASE("dependencies: an app that is to be ready has said so", "[e2e]") {
    const Home kpm;
    kpm.write("db.py", R"(import os, socket, time
time.sleep(0.5)
open('order', 'a').write('ready db\n')
address = os.environ['NOTIFY_SOCKET'].replace('@', '\0', 1)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', address)
while True: time.sleep(1)
)");
    kpm.configure(Json::parse(R"([{"name": "web", "depends_on": {"db": {"condition": "service_healthy"}}},
        {"name": "db", "script": "db.py", "interpreter": "python3", "wait_ready": true, "listen_timeout": "20s"}])"));
    kpm.good({"start", "eco.json"});
    CHECK(kpm.order(2) == Lines{"ready db", "start web"});
}

TEST_CASE("dependencies: a job is waited for to its end", "[e2e]") {
    const Home kpm;
    kpm.write("migrate.sh",
              "echo 'start migrate' >> order\nsleep 1\necho 'end migrate' >> order\nexit ${1:-0}\n");
    Json apps = Json::parse(R"([{"name": "web", "depends_on": {"migrate": {"condition": "completed"}}},
        {"name": "migrate", "script": "./migrate.sh", "autorestart": false}, {"name": "other"}])");
    SECTION("that is good") {
        kpm.configure(apps);
        kpm.good({"start", "eco.json"});
        CHECK(kpm.order(4).back() == "start web");
        CHECK(kpm.status("migrate") == "stopped");
        kpm.forget_order();
        kpm.good({"stop", "web"});
        kpm.good({"start", "web"});  // it has completed, and is not run again for web
        CHECK(kpm.order(2) == Lines{"stop web", "start web"});
    }
    SECTION("that is bad") {
        apps[1]["args"] = "3";
        kpm.configure(apps);
        const CommandResult result = kpm.bad({"start", "eco.json"});
        INFO(result.out << result.err);
        CHECK(says(result,
                   "[PM2][ERROR] cannot start 'web': 'migrate', which it depends on, did not complete: "
                   "exit code 3"));
        CHECK(kpm.find("web").is_null());
        CHECK(kpm.status("other") == "online");
    }
    SECTION("that never comes") {
        apps[1].erase("autorestart");
        kpm.configure(apps);
        const CommandResult result = kpm.bad({"start", "eco.json"});
        CHECK(says(result,
                   "cannot start 'web': it depends on the completion of 'migrate', which is started again"));
        CHECK(kpm.list().empty());
    }
}

TEST_CASE("dependencies: what needs an app that failed is not started", "[e2e]") {
    const Home kpm;
    kpm.write("fails.sh", "exit 3\n");
    kpm.configure(
        Json::parse(R"([{"name": "web", "depends_on": ["api"]}, {"name": "api", "depends_on": ["db"]},
        {"name": "db", "script": "./fails.sh", "autorestart": false}, {"name": "other"}])"));
    const CommandResult result = kpm.bad({"start", "eco.json"});
    INFO(result.out << result.err);
    CHECK(says(result, "cannot start 'db': it ended right after its start, exit code 3"));
    CHECK(says(result, "cannot start 'api': 'db', which it depends on, failed to start"));
    CHECK(says(result, "cannot start 'web': 'api', which it depends on, was left out"));
    CHECK(kpm.find("web").is_null());
    CHECK(kpm.find("api").is_null());
    CHECK(kpm.status("other") == "online");
}

TEST_CASE("dependencies: circles and unknown names are refused before anything is started", "[e2e]") {
    const Home kpm;
    kpm.configure(Json::parse(R"([{"name": "other"}, {"name": "a", "depends_on": ["b"]},
        {"name": "b", "depends_on": ["c"]}, {"name": "c", "depends_on": ["a"]}])"));
    CommandResult result = kpm.bad({"start", "eco.json"});
    CHECK(says(result, "[PM2][ERROR] cannot start 'a': depends_on goes in a circle: a -> b -> c -> a"));
    kpm.configure(Json::parse(R"([{"name": "web", "depends_on": ["dbb"]}, {"name": "db"}])"));
    result = kpm.bad({"start", "eco.json"});
    CHECK(says(result,
               "cannot start 'web': it depends on 'dbb', and there is no such app (did you mean 'db'?)"));
    CHECK(kpm.list().empty());
}

TEST_CASE("dependencies: --only starts what is missing along", "[e2e]") {
    const Home kpm;
    Json apps = kChain;
    apps.push_back({{"name", "other"}});
    kpm.configure(apps);
    kpm.good({"start", "eco.json", "--only", "web"});
    CHECK(kpm.order(3) == kStarts);
    CHECK(kpm.find("other").is_null());
    kpm.forget_order();
    kpm.good({"restart", "eco.json", "--only", "web"});
    CHECK(kpm.order(2) == Lines{"stop web", "start web"});
}

TEST_CASE("dependencies: kill ends the daemon although another client deletes an app meanwhile", "[e2e]") {
    const Home kpm;
    // Its stop takes until it is let go; what it depends on is deleted after it.
    kpm.write("slow.sh",
              "trap 'touch asked; while [ ! -e go ]; do sleep 0.05; done; exit 0' INT TERM\n"
              "touch up\nwhile :; do sleep 0.05; done\n");
    kpm.configure(Json::parse(R"([
        {"name": "web", "script": "./slow.sh", "kill_timeout": 100000, "depends_on": ["db"]},
        {"name": "db"}])"));
    kpm.good({"start", "eco.json"});
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "up"); }));
    const int daemon = kpm.daemon_pid();
    RunningCommand kill({bin_dir() / "kpm", "kill"}, kpm.env(), kpm.work());
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "asked"); }));
    kpm.good({"delete", "db"});
    kpm.write("go", "");
    CHECK(eventually([&] { return kill.output().find("PM2 Daemon Stopped") != std::string::npos; }));
    CHECK(kill.end(0) == 0);
    CHECK_FALSE(is_running(daemon));
}

}  // namespace kpm::dependencies_test

// Probes of real apps: who is ready, who is kept from connections, who is started again.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <future>
#include <set>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/ws_client.h"

namespace kpm::health_test {
using namespace test;

namespace {

// Answers with its pid. /ready is 503 while there is a file out-N, N its instance, or when it was started
// beside a file `broken`. Listens as late as LATE says.
constexpr const char* kServer = R"(const fs = require('fs'), http = require('http');
const broken = fs.existsSync('broken'), out = 'out-' + process.env.NODE_APP_INSTANCE;
const server = http.createServer((request, response) => {
  response.setHeader('Connection', 'close');
  if (request.url === '/ready' && (broken || fs.existsSync(out))) response.statusCode = 503;
  response.end(String(process.pid));
});
setTimeout(() => server.listen(Number(process.env.PORT), '127.0.0.1'), Number(process.env.LATE || 0));
)";

struct App {
    KpmHome kpm;
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    explicit App(const std::string& health, Json more = Json::object(), const std::string& source = kServer) {
        kpm.write("app.js", source);
        Json app{{"name", "web"}, {"script", "app.js"}, {"kill_timeout", 300}};
        app["env"] = {{"PORT", std::to_string(port)}, {"LATE", more.value("late", "0")}, {"MARK", "yes"}};
        more.erase("late");
        app["health"] = Json::parse(health);
        app.update(more);
        kpm.write("ecosystem.json", Json{{"apps", Json::array({app})}}.dump());
    }
    CommandResult start() const { return kpm.kpm({"start", "ecosystem.json"}); }
    void start_well() const {
        const CommandResult started = start();
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
    std::string answer() const {
        try {
            const auto reply = HttpClient(port).get("/");
            return reply ? reply->body : "";
        } catch (const std::exception&) {
            return "";
        }
    }
    // Who answers so many requests.
    std::set<std::string> answers(int count) const {
        std::set<std::string> seen;
        for (int i = 0; i < count; ++i) seen.insert(answer());
        return seen;
    }
    Json row(std::size_t index = 0) const { return kpm.list().at(index); }
    bool is_ready(std::size_t index) const {
        return row(index)["pm2_env"].value("health_state", Json::object()).value("ready", false);
    }
    void touch(const std::string& name) const { kpm.write(name, ""); }
    void remove(const std::string& name) const { std::filesystem::remove(kpm.work() / name); }
};

constexpr const char* kReadiness = R"({"readiness": {"http": "/ready", "interval": 100, "timeout": 2000}})";

const Json kTwoWorkers{{"exec_mode", "cluster"}, {"instances", 2}};

}  // namespace

TEST_CASE("health: a start lasts until the startup probe succeeds", "[e2e][health]") {
    const App app(R"({"startup": {"http": "/", "interval": 100, "failure_threshold": 300}})",
                  {{"late", "700"}});
    app.start_well();
    CHECK(app.answer() == std::to_string(app.row()["pid"].get<int>()));
    CHECK(app.row()["pm2_env"]["status"] == "online");
    const std::string described = app.kpm.kpm({"describe", "web"}).out;
    CHECK(described.find("startup probe") != std::string::npos);
    CHECK(described.find("succeeds since") != std::string::npos);
}

TEST_CASE("health: a worker that is not ready gets no connections until it is", "[e2e][health]") {
    const App app(kReadiness, kTwoWorkers);
    app.start_well();
    const std::string first = std::to_string(app.row(0)["pid"].get<int>());
    const std::string second = std::to_string(app.row(1)["pid"].get<int>());
    CHECK(app.answers(40) == std::set<std::string>{first, second});
    app.touch("out-0");
    REQUIRE(eventually([&] { return !app.is_ready(0); }));
    CHECK(app.answers(40) == std::set<std::string>{second});
    CHECK(app.row(0)["pm2_env"]["status"] == "online");
    CHECK(app.kpm.kpm({"why", "0"}).out.find("not ready, readiness probe fails: HTTP status 503") !=
          std::string::npos);

    // Nobody is ready: who comes now waits.
    app.touch("out-1");
    REQUIRE(eventually([&] { return !app.is_ready(1); }));
    auto waiting = std::async(std::launch::async, [&] { return app.answer(); });
    app.remove("out-0");
    CHECK(waiting.get() == first);
    app.remove("out-1");
    REQUIRE(eventually([&] { return app.is_ready(0) && app.is_ready(1); }));
    CHECK(eventually([&] { return app.answers(20).size() == 2; }));
    CHECK(app.row(0)["pm2_env"]["restart_time"] == 0);
}

TEST_CASE("health: the next daemon goes on with it", "[e2e][health]") {
    const App app(kReadiness, kTwoWorkers);
    app.start_well();
    const int daemon = app.kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return app.kpm.daemon_pid() != daemon && app.kpm.list().size() == 2; }));
    CHECK(app.is_ready(0));
    CHECK(app.is_ready(1));
    app.touch("out-1");
    REQUIRE(eventually([&] { return !app.is_ready(1); }));
    CHECK(app.answers(20) == std::set<std::string>{std::to_string(app.row(0)["pid"].get<int>())});
}

TEST_CASE("health: an app that hangs is started again", "[e2e][health]") {
    const App app(R"({"startup": {"http": "/", "interval": 100, "failure_threshold": 300},
                      "liveness": {"http": "/", "interval": 100, "timeout": 1000}})");
    app.start_well();
    const int pid = app.row()["pid"];
    REQUIRE(::kill(pid, SIGSTOP) == 0);
    REQUIRE(eventually([&] {
        const Json row = app.row();
        return row["pid"] != pid && row["pm2_env"]["status"] == "online";
    }));
    CHECK_FALSE(is_running(pid));
    CHECK(app.row()["pm2_env"]["restart_time"] == 1);
    const std::string why = app.kpm.kpm({"why", "web"}).out;
    INFO(why);
    CHECK(why.find(
              "last exit: signal SIGKILL after its kill_timeout: ended, its liveness probe failed: no answer "
              "within 1000 ms (3 times)") != std::string::npos);
}

TEST_CASE("health: a worker that hangs is found out although others answer on its port", "[e2e][health]") {
    const App app(R"({"startup": {"http": "/", "interval": 100, "failure_threshold": 300},
                      "liveness": {"http": "/", "interval": 100, "timeout": 1000}})",
                  kTwoWorkers);
    app.start_well();
    REQUIRE(eventually([&] { return !app.answer().empty(); }));
    const int other = app.row(0)["pid"], pid = app.row(1)["pid"];
    REQUIRE(::kill(pid, SIGSTOP) == 0);
    REQUIRE(
        eventually([&] { return app.row(1)["pid"] != pid && app.row(1)["pm2_env"]["status"] == "online"; }));
    CHECK(app.row(0)["pid"] == other);
}

TEST_CASE("health: a reload whose new process is never ready keeps the old one", "[e2e][health]") {
    const App app(kReadiness, {{"exec_mode", "cluster"}, {"listen_timeout", 3000}});
    app.start_well();
    const int pid = app.row()["pid"];
    app.touch("broken");
    const CommandResult reloaded = app.kpm.kpm({"reload", "web"});
    CHECK(reloaded.status == 1);
    CHECK((reloaded.out + reloaded.err)
              .find("not ready within 3000 ms: readiness probe failed: HTTP status 503") !=
          std::string::npos);
    CHECK(app.row()["pid"] == pid);
    CHECK(app.answer() == std::to_string(pid));
    app.remove("broken");
    CHECK(app.kpm.kpm({"reload", "web"}).status == 0);
    CHECK(app.row()["pid"] != pid);
    CHECK(app.answer() == std::to_string(app.row()["pid"].get<int>()));
}

TEST_CASE("health: a server that accepts and says nothing is not ready", "[e2e][health]") {
    const App app(R"({"http": "/", "interval": 100, "timeout": 300})", {{"listen_timeout", 2000}},
                  "require('net').createServer(() => {}).listen(Number(process.env.PORT), '127.0.0.1');");
    const CommandResult started = app.start();
    CHECK(started.status == 1);
    INFO(started.out << started.err);
    CHECK((started.out + started.err).find("not ready within 2000 ms: readiness probe failed") !=
          std::string::npos);
    CHECK(app.row()["pm2_env"]["status"] == "launching");
    const std::string described = app.kpm.kpm({"describe", "web"}).out;
    CHECK(described.find("not ready") != std::string::npos);
    CHECK(eventually([&] {
        return app.kpm.kpm({"describe", "web"}).out.find("no answer within 300 ms") != std::string::npos;
    }));
}

TEST_CASE("health: a command has the app's variables and directory", "[e2e][health]") {
    const App app(R"({"startup": {"exec": "test \"$MARK\" = yes && test -e app.js", "timeout": 5000},
                      "readiness": {"exec": ["test", "$MARK", "=", "yes"], "timeout": 5000}})");
    app.start_well();
}

TEST_CASE("health: a command that does not end is killed with what it has started", "[e2e][health]") {
    const App app(R"({"liveness": {"exec": "trap '' TERM INT HUP; echo $$ >> pids; sleep 600 & wait",
                                   "interval": 100, "timeout": 700, "failure_threshold": 2}})");
    app.start_well();
    REQUIRE(eventually([&] { return app.row()["pm2_env"]["restart_time"] > 0; }));
    const std::string why = app.kpm.kpm({"why", "web"}).out;
    INFO(why);
    CHECK(why.find("liveness probe failed: no end within 700 ms (2 times)") != std::string::npos);
    REQUIRE(app.kpm.kpm({"delete", "web"}).status == 0);
    std::istringstream pids(app.kpm.read(app.kpm.work() / "pids"));
    int count = 0;
    for (int pid = 0; pids >> pid; ++count) CHECK(eventually([&] { return !is_running(pid); }));
    CHECK(count >= 2);
}

TEST_CASE("health: each instance is looked at on a port of its own", "[e2e][health]") {
    const App app(kReadiness, {{"instances", 2}, {"exec_mode", "fork"}, {"increment_var", "PORT"}});
    app.start_well();
    app.touch("out-1");
    REQUIRE(eventually([&] { return !app.is_ready(1); }));
    CHECK(app.is_ready(0));
}

TEST_CASE("health: a wrong probe is told with its place, and nothing is started", "[e2e][health]") {
    const App app(R"({"readiness": {"http": "/", "interval": 0}})");
    const CommandResult started = app.start();
    CHECK(started.status == 1);
    CHECK((started.out + started.err)
              .find("apps[0].health.readiness.interval: expected at least 100 milliseconds") !=
          std::string::npos);
    CHECK(app.kpm.list().empty());
}

}  // namespace kpm::health_test

// Reloads of Node cluster apps: good ones lose nothing, broken ones change nothing.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/node_app.h"
#include "tests/support/under_load.h"

namespace kpm::node_reload_test {
using namespace test;
using App = NodeApp;
using Loaded = LoadedNodeApp;

TEST_CASE("node reload: reloads under load lose no request", "[e2e][node]") {
    const std::string balance = GENERATE("hybrid", "round_robin");
    INFO(balance);
    Loaded loaded(balance);
    const HttpLoadFigures figures = reload_without_loss(loaded.load, loaded.app.kpm, "web");
    CHECK(figures.bodies.size() > static_cast<std::size_t>(reload_count()));  // old and new ones have served
    for (const int pid : loaded.before) CHECK_FALSE(is_running(pid));
}

// Each process writes down which requests it has begun and which it has answered: the difference at its death
// is what nobody can save.

namespace {

// A server whose next launches run `broken` before it listens, as soon as there is a file of that name.
std::string breakable(const std::string& broken) {
    return "if (require('fs').existsSync('broken')) { " + broken + " }\n" + kNodeServer;
}

}  // namespace

TEST_CASE("node reload: a broken one fails and says why, and the old workers serve every request",
          "[e2e][node]") {
    struct Case {
        const char* broken;
        const char* reason;
    };
    const auto [broken, reason] = GENERATE(values<Case>({
        {"setInterval(() => {}, 1000); return;", "not ready within 1000 ms"},
        {"while (true);", "not ready within 1000 ms"},
        {"process.exit(7);", "exited with code 7"},
        {"process.kill(process.pid, 'SIGKILL');", "signal 9"},
        {"throw new Error('broken');", "exited with code 1"},
        {"process.disconnect(); setInterval(() => {}, 1000); return;", "cannot reload"},
        {"require('net').createServer().listen(process.env.APP_PORT, '127.0.0.1', () => process.exit(7)); "
         "return;",
         "exited with code 7"},
    }));
    INFO(broken);
    const App app(breakable(broken), 2);
    app.start_all_well();
    const auto before = app.pids();
    HttpLoad load(app.port, 2, 1);
    REQUIRE(load.wait_for(20));
    app.kpm.write("broken", "");
    const bool ends = std::string_view(reason).find("not ready") == std::string_view::npos;
    const CommandResult reloaded = app.kpm.kpm(
        {"reload", "web", "--listen-timeout", ends ? kEnough : "1000", "--min-ready-time", kEnough});
    INFO(reloaded.out << reloaded.err << app.kpm.daemon_log());
    CHECK(reloaded.status == 1);
    CHECK((reloaded.out + reloaded.err).find(reason) != std::string::npos);
    REQUIRE(load.wait_for(20));
    stop_without_loss(load, app.kpm);
    CHECK(app.pids() == before);
}

// The one that it replaces is lost; the reload goes no further.
TEST_CASE(
    "node reload: one whose new worker dies after min_ready_time fails, and the other old one serves on",
    "[e2e][node]") {
    const App app(R"(const http = require('http'), broken = require('fs').existsSync('broken');
const server = http.createServer((request, response) =>
  setTimeout(() => response.end(String(process.pid)), request.url === '/slow' ? 1000 : 0));
server.listen(Number(process.env.APP_PORT), '127.0.0.1', () => broken && setImmediate(() => process.exit(7)));
)",
                  2, R"(,"autorestart":false,"min_ready_time":0)");
    app.start_all_well();
    const auto before = app.pids();
    app.kpm.write("broken", "");
    // So that both old ones have something to finish.
    std::vector<HttpClient> slow;
    for (int i = 0; i < 8; ++i)
        REQUIRE(slow.emplace_back(app.port).send_raw("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
    const CommandResult reloaded = app.kpm.kpm({"reload", "web", "--listen-timeout", kEnough});
    INFO(reloaded.out << reloaded.err << app.kpm.daemon_log());
    CHECK(reloaded.status == 1);
    CHECK((reloaded.out + reloaded.err).find("the new process was ready and then exited with code 7") !=
          std::string::npos);
    CHECK(app.pids()[1] == before[1]);
    for (int i = 0; i < 20; ++i) CHECK(app.answer() == std::to_string(before[1]));
}

TEST_CASE("node reload: a worker that says ready twice is ready once", "[e2e][node]") {
    const App app(std::string(kNodeServer) +
                      "server.on('listening', () => { process.send('ready'); process.send('ready'); });\n",
                  2, R"(,"wait_ready":true,"listen_timeout":60000)");
    app.start_all_well();
    HttpLoad load(app.port, 2, 1);
    REQUIRE(load.wait_for(20));
    run_under(load, app.kpm, {"reload", "web"});
    stop_without_loss(load, app.kpm);
    for (const Json& row : app.kpm.list()) CHECK(row["pm2_env"]["restart_time"] == 1);
}

TEST_CASE("node reload: a worker that listens elsewhere after a restart leaves the old port", "[e2e][node]") {
    const App app(R"(const fs = require('fs'), http = require('http');
http.createServer((q, r) => r.end('one')).listen(Number(fs.readFileSync('port', 'utf8')), '127.0.0.1');
)",
                  1);
    const auto other = static_cast<std::uint16_t>(free_port());
    app.kpm.write("port", std::to_string(app.port));
    app.start_well();
    app.kpm.write("port", std::to_string(other));
    REQUIRE(app.kpm.kpm({"reload", "web", "--listen-timeout", kEnough}).status == 0);
    const auto reply = HttpClient(other).get("/");
    REQUIRE(reply);
    CHECK(reply->body == "one");
    CHECK(eventually([&] {
        try {
            HttpClient client(app.port);
            return false;
        } catch (const std::exception&) {
            return true;
        }
    }));
}

}  // namespace kpm::node_reload_test

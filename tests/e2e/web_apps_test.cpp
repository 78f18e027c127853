// Web frameworks as npm has them, unmodified, in cluster mode: every worker answers, and a reload under load
// loses nothing.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/under_load.h"
#include "tests/support/ws_client.h"

namespace kpm::web_apps_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

fs::path installed() {
    const char* folder = std::getenv("KPM_WEB_APPS");
    if (!folder) throw std::runtime_error("KPM_WEB_APPS is not set: run the tests through ctest");
    return folder;
}

struct WebApp {
    KpmHome kpm;
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    // `source` with PORT in its environment, or with `script` as it is.
    explicit WebApp(const std::string& source, const std::string& balance = "hybrid", Json app = {}) {
        fs::create_directory_symlink(installed() / "node_modules", kpm.work() / "node_modules");
        kpm.write("app.js", source);
        if (app.is_null()) app = {{"script", "app.js"}};
        app.update({{"name", "web"},
                    {"exec_mode", "cluster"},
                    {"instances", 2},
                    {"balance", balance},
                    {"port", port},
                    {"listen_timeout", 60000}});
        kpm.write("ecosystem.json", Json{{"apps", {app}}}.dump());
        const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
        INFO(started.out << started.err);
        REQUIRE(started.status == 0);
    }
    std::set<std::string> pids() const {
        std::set<std::string> pids;
        for (const Json& row : kpm.list()) pids.insert(std::to_string(row["pid"].get<int>()));
        return pids;
    }
    // Until each worker has been heard.
    template <class Ask>
    bool all_answer(Ask ask) const {
        const std::set<std::string> expected = pids();
        std::set<std::string> seen;
        return eventually([&] {
            try {
                if (const std::string pid = ask(); expected.contains(pid)) seen.insert(pid);
            } catch (const std::exception&) {  // not up yet
            }
            return seen == expected;
        });
    }
    std::string logs() const {
        std::string text = kpm.daemon_log();
        for (const auto& file : fs::directory_iterator(kpm.home() / "logs")) text += kpm.read(file.path());
        return text;
    }
};

// The digits after the last "pid " of a page, or the page.
std::string pid_in(const std::string& page) {
    const auto at = page.rfind("pid ");
    if (at == std::string::npos) return page;
    return page.substr(at + 4, page.find_first_not_of("0123456789", at + 4) - at - 4);
}

void check_http(const WebApp& app) {
    INFO(app.logs());
    REQUIRE(app.all_answer([&] {
        const auto reply = HttpClient(app.port).get("/");
        return reply ? pid_in(reply->body) : "";
    }));
    HttpLoad load(app.port, 2, 2);
    REQUIRE(load.wait_for(20));
    run_under(load, app.kpm, {"reload", "web"});
    stop_without_loss(load, app.kpm);
}

}  // namespace

TEST_CASE("web apps: express", "[e2e][node]") {
    check_http(WebApp(R"(const app = require('express')();
app.get('/', (request, response) => response.send(String(process.pid)));
app.listen(process.env.PORT);
)"));
}

TEST_CASE("web apps: fastify", "[e2e][node]") {
    check_http(WebApp(R"(const fastify = require('fastify')();
fastify.get('/', async () => String(process.pid));
fastify.listen({ port: process.env.PORT });
)"));
}

TEST_CASE("web apps: a site of next", "[e2e][node]") {
    const fs::path site = installed() / "next-app";
    check_http(WebApp("", "hybrid",
                      {{"script", (installed() / "node_modules/next/dist/bin/next").string()},
                       {"args", {"start"}},
                       {"cwd", site.string()},
                       {"env", {{"NEXT_TELEMETRY_DISABLED", "1"}}}}));
}

TEST_CASE("web apps: ws", "[e2e][node]") {
    const WebApp app(R"(const { WebSocketServer } = require('ws');
new WebSocketServer({ port: process.env.PORT }).on('connection', (socket) => socket.send(String(process.pid)));
)");
    INFO(app.logs());
    CHECK(app.all_answer([&] {
        const auto message = WsClient(app.port).receive();
        return message ? message->bytes : "";
    }));
}

// Its long polling makes many connections of one session: all must come to the worker that knows it.
TEST_CASE("web apps: socket.io with sticky, long polling and upgrade", "[e2e][node]") {
    const WebApp app(R"(const server = require('http').createServer();
new (require('socket.io').Server)(server).on('connection', (socket) => {
  socket.on('who', (answer) => answer(process.pid, socket.conn.transport.name));
});
server.listen(process.env.PORT);
)",
                     "sticky");
    // Clients of ten addresses, half of them without WebSockets, that ask ten times each.
    app.kpm.write("client.js", R"(const { io } = require('socket.io-client'), http = require('http');
const port = process.argv[2];
const visit = (i) => new Promise((done, fail) => {
  const agent = new http.Agent({ localAddress: '127.0.0.' + (i + 1) });
  const transports = i % 2 ? ['polling'] : ['polling', 'websocket'];
  const socket = io('http://127.0.0.1:' + port, { agent, transports, forceNew: true, reconnection: false });
  const pids = new Set();
  const ask = (left) => socket.emit('who', (pid) => {
    pids.add(pid);
    if (left > 1) return setTimeout(ask, 5, left - 1);
    socket.close();
    pids.size === 1 ? done(pid) : fail(new Error('several workers for one client'));
  });
  socket.on('connect', () => ask(10));
  for (const trouble of ['connect_error', 'disconnect'])
    socket.on(trouble, (reason) => reason !== 'io client disconnect' && fail(new Error(trouble + ' ' + reason)));
});
Promise.all([...Array(10).keys()].map(visit)).then((pids) => console.log([...new Set(pids)].sort().join(' ')));
)");
    INFO(app.logs());
    REQUIRE(eventually([&] {
        try {
            return HttpClient(app.port).get("/socket.io/?EIO=4&transport=polling").has_value();
        } catch (const std::exception&) {
            return false;
        }
    }));
    std::set<int> pids;
    for (const Json& row : app.kpm.list()) pids.insert(row["pid"].get<int>());
    const auto ask = [&] {
        return run_command({"sh", "-c", "exec node client.js " + std::to_string(app.port)}, app.kpm.env(),
                           app.kpm.work());
    };
    const auto pids_in = [](const std::string& text) {
        std::set<int> found;
        std::istringstream words(text);
        for (int pid; words >> pid;) found.insert(pid);
        return found;
    };
    // A worker that comes up takes its share of the addresses, in the middle of a session too.
    REQUIRE(eventually([&] { return pids_in(ask().out) == pids; }));
    const CommandResult asked = ask();
    INFO(asked.out << asked.err);
    CHECK(asked.status == 0);
    CHECK(pids_in(asked.out) == pids);
}

}  // namespace kpm::web_apps_test

// Unmodified Node servers behind one port: started, reloaded, killed and taken over under load.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "ipc/client.h"
#include "tests/support/node_app.h"
#include "tests/support/under_load.h"

namespace kpm::node_cluster_test {
using namespace test;

using App = NodeApp;
using Loaded = LoadedNodeApp;

TEST_CASE("node cluster: two workers share one port, and each gets its share", "[e2e][node]") {
    const App app(kNodeServer, 2, R"(,"balance":"round_robin")");
    app.start_all_well();
    std::map<std::string, int> answers;
    for (int i = 0; i < 20; ++i) ++answers[app.answer()];
    CHECK(answers.size() == 2);
    for (const int pid : app.pids()) CHECK(answers[std::to_string(pid)] >= 5);
    for (const Json& row : app.kpm.list()) CHECK(row["pm2_env"]["exec_mode"] == "cluster_mode");
}

TEST_CASE("node cluster: a worker that is killed loses only what it was serving", "[e2e][node]") {
    const std::string balance = GENERATE("hybrid", "round_robin");
    INFO(balance);
    const App app(R"(const fs = require('fs'), log = fs.openSync('served-' + process.pid, 'a');
require('http').createServer((request, response) => {
  setTimeout(() => { fs.writeSync(log, 'e'); response.end(String(process.pid)); }, 20);
}).on('connection', () => fs.writeSync(log, 'b')).listen(Number(process.env.APP_PORT), '127.0.0.1');
)",
                  2, ",\"balance\":\"" + balance + "\"");
    app.start_all_well();
    HttpLoad load(app.port, 8, 0);
    REQUIRE(load.wait_for(100));
    REQUIRE(load.figures().failures == 0);
    long served = 0;
    for (int round = 0; round < 3; ++round) {
        const int victim = app.pids()[0];
        REQUIRE(::kill(victim, SIGKILL) == 0);
        REQUIRE(eventually([&] {
            const Json row = app.kpm.list()[0];
            return row["pid"] != victim && row["pm2_env"]["status"] == "online";
        }));
        REQUIRE(load.wait_for(100));
        const std::string log = app.kpm.read(app.kpm.work() / ("served-" + std::to_string(victim)));
        served += std::ranges::count(log, 'b') - std::ranges::count(log, 'e');
    }
    const HttpLoadFigures figures = load.stop();
    CAPTURE(figures.reasons, app.kpm.daemon_log());
    // Node may have accepted one more each time, and not told its server yet.
    CHECK(static_cast<long>(figures.failures) <= served + 3);
    for (const std::string& reason : figures.reasons) {
        CHECK(reason.find("refused") == std::string::npos);
        CHECK(reason.find("timed out") == std::string::npos);
    }
}

TEST_CASE("node cluster: a lone worker that dies leaves its clients waiting, not refused", "[e2e][node]") {
    const App app(kNodeServer, 1);
    app.start_well();
    const int victim = app.pids()[0];
    HttpLoad load(app.port, 2, 0);
    REQUIRE(load.wait_for(20));
    REQUIRE(::kill(victim, SIGKILL) == 0);
    REQUIRE(eventually([&] { return app.pids()[0] != victim; }));
    REQUIRE(load.wait_for(20));
    const HttpLoadFigures figures = load.stop();
    CAPTURE(figures.reasons);
    CHECK(figures.failures <= 2);
    for (const std::string& reason : figures.reasons) CHECK(reason.find("refused") == std::string::npos);
}

TEST_CASE("node cluster: the death of the daemon changes nothing for workers and clients", "[e2e][node]") {
    Loaded loaded;
    const App& app = loaded.app;
    for (int i = 0; i < 3; ++i) {
        const int daemon = app.kpm.daemon_pid();
        REQUIRE(::kill(daemon, SIGKILL) == 0);
        REQUIRE(eventually([&] { return app.kpm.daemon_pid() != daemon && app.kpm.list().size() == 2; }));
        REQUIRE(loaded.load.wait_for(20));
    }
    CHECK(app.pids() == loaded.before);
    run_under(loaded.load, app.kpm, {"reload", "web"});
    stop_without_loss(loaded.load, app.kpm);
}

TEST_CASE("node cluster: a port that another program holds is told of", "[e2e][node]") {
    const KpmHome other;
    other.write("app.js", kNodeServer);
    const App app(std::string(kNodeServer) +
                      "server.on('error', (error) => { console.log(error.code); process.exit(1); });\n",
                  1, R"(,"autorestart":false)");
    auto env = other.env();
    REQUIRE(other
                .kpm({"start", "app.js", "-n", "holder", "--interpreter", "/usr/bin/env", "--node-args",
                      "APP_PORT=" + std::to_string(app.port) + " node"})
                .status == 0);
    REQUIRE(eventually([&] { return !app.answer().empty(); }));
    app.start();
    CHECK(eventually([&] { return app.output() == "EADDRINUSE\n"; }));
    const std::string holder = std::to_string(other.find("holder")["pid"].get<int>());
    CHECK(app.kpm.daemon_log().find("cannot listen on '127.0.0.1:" + std::to_string(app.port) +
                                    "': Address already in use (held by pid " + holder) != std::string::npos);
}

TEST_CASE("node cluster: the app knows that it is a worker, and talks as in fork mode", "[e2e][node]") {
    const App app(R"(const cluster = require('cluster');
console.log(cluster.isWorker, cluster.worker.id > 0, process.env.NODE_UNIQUE_ID, process.env.NODE_CHANNEL_FD,
            process.env.NODE_OPTIONS, process.argv.length);
process.on('message', (message) => console.log('got', JSON.stringify(message)));
process.on('SIGINT', () => { console.log('bye'); process.exit(0); });
setInterval(() => {}, 1000);
process.send({type: 'axm:action', data: {action_name: 'greet', opts: null, arity: 0}});
process.send('ready');
)",
                  1, R"(,"wait_ready":true,"listen_timeout":60000)");
    const CommandResult started = app.start();
    INFO(started.out << started.err << app.kpm.daemon_log());
    CHECK(started.status == 0);
    REQUIRE(eventually([&] { return app.output() == "true true undefined undefined undefined 2\n"; }));
    REQUIRE(eventually([&] { return !app.kpm.find("web")["pm2_env"]["axm_actions"].empty(); }));
    // Ends when the app has answered, which it does not.
    const CommandResult restarted = app.kpm.kpm({"restart", "web"});
    CHECK(restarted.status == 0);
    CHECK(eventually([&] { return app.output().find("bye\ntrue true") != std::string::npos; }));
}

TEST_CASE("node cluster: a message of megabytes reaches the bus as the worker sent it", "[e2e][node]") {
    const App app(R"(process.on('message', () => process.send({type: 'large', data:
    {text: 'x'.repeat(3000000), list: [null, 1.5, 'é"\\\u0001', []], inner: {cmd: 'mine', text: 'a NODE_ENV'}}}));
process.on('message', () => process.send({type: 'after', data: {NODE_ENV: null}}));
process.send('ready');
setInterval(() => {}, 1000);
)",
                  1, R"(,"wait_ready":true,"listen_timeout":60000)");
    const CommandResult started = app.start();
    INFO(started.out << started.err << app.kpm.daemon_log());
    REQUIRE(started.status == 0);
    auto bus = ipc::Subscriber::connect(ipc::Home(app.kpm.home()));
    REQUIRE(bus);
    auto client = ipc::Client::connect(ipc::Home(app.kpm.home()));
    REQUIRE(client);
    const Json packet{{"id", 0}, {"type", "process:msg"}, {"topic", "go"}, {"data", {{"now", true}}}};
    REQUIRE(client->call("sendDataToProcessId", Json::array({packet})));
    std::vector<std::pair<std::string, Json>> said;
    REQUIRE(eventually([&] {
        for (auto event = bus->next(); event && *event; event = bus->next())
            if ((*event)->topic == "large" || (*event)->topic == "after")
                said.emplace_back((*event)->topic, (*event)->payload["data"]);
        return said.size() == 2;
    }));
    CHECK(said[0].first == "large");
    const Json expected{{"text", std::string(3'000'000, 'x')},
                        {"list", {nullptr, 1.5, "é\"\\\x01", Json::array()}},
                        {"inner", {{"cmd", "mine"}, {"text", "a NODE_ENV"}}}};
    CHECK((said[0].second == expected));
    CHECK(said[1].second == Json{{"NODE_ENV", nullptr}});
}

TEST_CASE("node cluster: net, unix socket, port 0 and UDP in one app", "[e2e][node]") {
    const App app(R"(const net = require('net'), dgram = require('dgram'), fs = require('fs');
const open = (server, ...where) => new Promise((done) => server.listen(...where, () => done(server)));
(async () => {
  await open(net.createServer((socket) => socket.end('path ' + process.pid)), 'app.sock');
  const any = await open(net.createServer((socket) => socket.end('any ' + process.pid)), 0);
  const second = await open(net.createServer((socket) => socket.end('second ' + process.pid)), 0);
  const udp = dgram.createSocket('udp4');
  udp.on('message', (bytes, from) => udp.send('udp ' + bytes, from.port, from.address));
  udp.bind(Number(process.env.APP_PORT), '127.0.0.1', () => {
    console.log(any.address().port, second.address().port, udp.address().port);
    require('http').createServer((q, r) => r.end('http')).listen(Number(process.env.APP_PORT), '127.0.0.1');
  });
})();
)");
    app.start_well();
    REQUIRE(eventually([&] { return !app.output(0).empty() && !app.output(1).empty(); }));
    CHECK(app.output(0) == app.output(1));  // the n-th port 0 is the same in all workers
    app.kpm.write("client.js", R"(const net = require('net'), dgram = require('dgram');
const ask = (...where) => new Promise((done) => { let text = '';
  net.connect(...where).on('data', (bytes) => text += bytes).on('close', () => done(text.split(' ')[0])).on('error', done); });
(async () => {
  const [any, second, udp] = process.argv.slice(2).map(Number);
  const answers = [await ask('app.sock'), await ask(any), await ask(second)];
  const socket = dgram.createSocket('udp4');
  socket.on('message', (bytes) => { console.log(answers.concat(String(bytes)).join(',')); socket.close(); });
  socket.send('hi', udp, '127.0.0.1');
})();
)");
    const CommandResult asked =
        run_command({"sh", "-c", "exec node client.js " + app.output(0).substr(0, app.output(0).find('\n'))},
                    app.kpm.env(), app.kpm.work());
    INFO(asked.err);
    CHECK(asked.out == "path,any,second,udp hi\n");
    REQUIRE(app.kpm.kpm({"delete", "web"}).status == 0);
    CHECK_FALSE(std::filesystem::exists(app.kpm.work() / "app.sock"));
    CHECK(app.answer().empty());
}

TEST_CASE("node cluster: a server that has closed may listen on its port again", "[e2e][node]") {
    const App app(R"(const http = require('http');
const port = Number(process.env.APP_PORT);
const server = http.createServer((q, r) => r.end('again'));
server.listen(port, '127.0.0.1', () => server.close(() => server.listen(port, '127.0.0.1', () => console.log('twice'))));
)",
                  1, R"(,"balance":")" + std::string(GENERATE("hybrid", "round_robin")) + "\"");
    REQUIRE(app.start().status == 0);
    INFO(app.kpm.daemon_log());
    CHECK(eventually([&] { return app.output() == "twice\n"; }));
    CHECK(app.answer() == "again");
}

TEST_CASE("node cluster: the restart of a lone worker that closes its server refuses nobody", "[e2e][node]") {
    const App app(R"(const http = require('http');
const server = http.createServer((q, r) => { r.setHeader('Connection', 'close'); r.end(String(process.pid)); });
server.listen(Number(process.env.APP_PORT), '127.0.0.1');
process.on('SIGINT', () => server.close(() => process.exit()));
)",
                  1, R"(,"balance":")" + std::string(GENERATE("hybrid", "round_robin")) + "\"");
    app.start_well();
    HttpLoad load(app.port, 2, 0);
    REQUIRE(load.wait_for(20));
    run_under(load, app.kpm, {"restart", "web"});
    stop_without_loss(load, app.kpm);
}

TEST_CASE("node cluster: restart and scale drain a worker while another one serves", "[e2e][node]") {
    Loaded loaded;
    const KpmHome& kpm = loaded.app.kpm;
    run_under(loaded.load, kpm, {"restart", "web"});
    run_under(loaded.load, kpm, {"scale", "web", "3"});
    run_under(loaded.load, kpm, {"scale", "web", "1"});
    stop_without_loss(loaded.load, kpm);
    CHECK(kpm.list().size() == 1);
}

TEST_CASE("node cluster: a blocked worker keeps nobody waiting", "[e2e][node]") {
    const std::string balance = GENERATE("hybrid", "round_robin");
    const App app(R"(const fs = require('fs');
require('http').createServer((request, response) => {
  if (request.url === '/block') { fs.writeFileSync('blocked', ''); while (fs.existsSync('blocked')); }
  response.end(String(process.pid));
}).listen(Number(process.env.APP_PORT), '127.0.0.1');
)",
                  2, ",\"balance\":\"" + balance + "\"");
    app.start_all_well();
    HttpClient blocker(app.port);
    REQUIRE(blocker.send_raw("GET /block HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(eventually([&] { return std::filesystem::exists(app.kpm.work() / "blocked"); }));
    // What comes in the first moments may already be with the blocked worker under round_robin.
    HttpLoad load(app.port, 3, 0);
    REQUIRE(load.wait_for(100));
    std::filesystem::remove(app.kpm.work() / "blocked");
    const HttpLoadFigures figures = load.stop();
    CHECK(figures.failures == 0);
}

TEST_CASE("node cluster: sticky gives one client to one worker", "[e2e][node]") {
    const App app(std::string(kNodeServer) + "server.on('listening', () => console.log('listens'));\n", 3,
                  R"(,"balance":"sticky")");
    app.start_well();
    REQUIRE(eventually([&] {
        return app.output(0) == "listens\n" && app.output(1) == "listens\n" && app.output(2) == "listens\n";
    }));
    const std::string first = app.answer();
    CHECK_FALSE(first.empty());
    for (int i = 0; i < 10; ++i) CHECK(app.answer() == first);
}

TEST_CASE("node cluster: what kpm loads into the app can be switched off", "[e2e][node]") {
    const bool is_on = GENERATE(true, false);
    const App app("console.log(Object.keys(require.cache).length); setInterval(() => {}, 1000);\n", 1,
                  is_on ? "" : R"(,"drain_keep_alive":false,"pmx":false)");
    REQUIRE(app.start().status == 0);
    CHECK(eventually([&] { return app.output() == (is_on ? "4\n" : "1\n"); }));
}

}  // namespace kpm::node_cluster_test

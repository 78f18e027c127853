// Cluster mode under each version of Node that is still in use, with the servers that Node itself brings,
// from a module: the protocol between Node's primary and its workers is not documented, and changes.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/ws_client.h"

namespace kpm::node_versions_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

constexpr const char* kServer = R"(import cluster from 'node:cluster';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';

const pid = String(process.pid);
const {HTTP, HTTPS, HTTP2, UDP} = process.env;
const answer = (request, response) => {
    response.setHeader('Connection', 'close');
    response.end(pid);
    if (request.url === '/disconnect') response.on('close', () => cluster.worker.disconnect());
};
const tls = {key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem')};
http.createServer(answer).listen(Number(HTTP), '127.0.0.1');
https.createServer(tls, answer).listen(Number(HTTPS), '127.0.0.1');
http2.createServer((request, response) => response.end(pid)).listen(Number(HTTP2), '127.0.0.1');
net.createServer(socket => socket.end(pid)).listen('app.sock');
const udp = dgram.createSocket('udp4');
udp.on('message', (bytes, from) => udp.send(pid, from.port, from.address));
// A worker disconnects when it has nothing left.
cluster.worker.on('disconnect', () => udp.close());
udp.bind(Number(UDP), '127.0.0.1', () => console.log(process.version, cluster.isWorker));
)";

// Says who answers: the pids of 12 new connections of each kind, and how many of the TLS ones took up the
// first's session.
constexpr const char* kClient = R"(import dgram from 'node:dgram';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';

const [http_port, https_port, http2_port, udp_port] = process.argv.slice(2).map(Number);
const text = stream => new Promise((done, failed) => {
    let all = '';
    stream.on('data', bytes => all += bytes).on('end', () => done(all)).on('error', failed);
});
const get = (library, options) => new Promise((done, failed) =>
    library.get({host: '127.0.0.1', agent: false, ...options}, response => text(response).then(done, failed)).on('error', failed));
const twelve = async ask => {
    const pids = [];
    for (let i = 0; i < 12; ++i) pids.push(await ask());
    return [...new Set(pids)].sort();
};

let session, reused = 0;
const over_tls = async () => {
    const socket = tls.connect({host: '127.0.0.1', port: https_port, rejectUnauthorized: false, maxVersion: 'TLSv1.2', session});
    socket.once('session', ticket => session ??= ticket);
    socket.once('secureConnect', () => reused += socket.isSessionReused());
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    return (await text(socket)).split('\r\n\r\n')[1];
};
const over_http2 = async () => {
    const client = http2.connect(`http://127.0.0.1:${http2_port}`);
    const answer = await text(client.request({':path': '/'}).setEncoding('utf8'));
    client.close();
    return answer;
};
const over_udp = () => new Promise(done => {
    const socket = dgram.createSocket('udp4');
    socket.on('message', bytes => { socket.close(); done(String(bytes)); });
    socket.send('who', udp_port, '127.0.0.1');
});
console.log(JSON.stringify({
    http: await twelve(() => get(http, {port: http_port})),
    https: await twelve(over_tls),
    reused,
    http2: await twelve(over_http2),
    unix: await twelve(() => text(net.connect('app.sock'))),
    udp: await twelve(over_udp),
}));
)";

std::string node(const std::string& version) {
    const char* folder = std::getenv("KPM_NODES");
    if (!folder) throw std::runtime_error("KPM_NODES is not set: run the tests through ctest");
    return fs::path(folder) / ("node" + version) / "bin/node";
}

struct Servers {
    KpmHome kpm;
    std::string program;
    std::vector<std::string> ports;

    Servers(const std::string& version, const std::string& balance) : program(node(version)) {
        for (int i = 0; i < 4; ++i) ports.push_back(std::to_string(free_port()));
        kpm.write("server.mjs", kServer);
        kpm.write("client.mjs", kClient);
        const CommandResult made = run_command(
            {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost"},
            kpm.env(), kpm.work());
        INFO(made.err);
        REQUIRE(made.status == 0);
        const Json app{
            {"name", "web"},
            {"script", "server.mjs"},
            {"interpreter", program},
            {"exec_mode", "cluster"},
            {"instances", 2},
            {"balance", balance},
            {"listen_timeout", 60000},
            {"env", {{"HTTP", ports[0]}, {"HTTPS", ports[1]}, {"HTTP2", ports[2]}, {"UDP", ports[3]}}}};
        kpm.write("ecosystem.json", Json{{"apps", {app}}}.dump());
        const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
    std::string output(int id) const {
        return kpm.read(kpm.home() / "logs" / ("web-out-" + std::to_string(id) + ".log"));
    }
    std::set<std::string> pids() const {
        std::set<std::string> pids;
        for (const Json& row : kpm.list()) pids.insert(std::to_string(row["pid"].get<int>()));
        return pids;
    }
    Json answers() const {
        std::vector<std::string> words{program, "client.mjs"};
        words.insert(words.end(), ports.begin(), ports.end());
        const CommandResult asked = run_command(words, kpm.env(), kpm.work());
        INFO(asked.err << kpm.daemon_log());
        REQUIRE(asked.status == 0);
        return Json::parse(asked.out);
    }
};

}  // namespace

TEST_CASE("node versions: every server of Node's own is shared by the workers", "[e2e][node]") {
    const std::string version = GENERATE("18", "20", "22", "24");
    const std::string balance = GENERATE("hybrid", "round_robin");
    CAPTURE(version, balance);
    const Servers servers(version, balance);
    for (const int id : {0, 1}) {
        REQUIRE(eventually([&] { return !servers.output(id).empty(); }));
        CHECK(servers.output(id).starts_with("v" + version + "."));
        CHECK(servers.output(id).ends_with(" true\n"));
    }
    const auto pids = servers.pids();
    const Json answers = servers.answers();
    CAPTURE(answers.dump());
    for (const char* kind : {"http", "https", "http2", "unix"})
        CHECK(answers[kind].get<std::set<std::string>>() == pids);
    // One socket for all: who is asked is the kernel's choice.
    for (const auto& pid : answers["udp"]) CHECK(pids.contains(pid.get<std::string>()));
    // The workers have the keys of the first one's tickets.
    CHECK(answers["reused"] == 11);
}

TEST_CASE("node versions: a worker that disconnects by itself is started again", "[e2e][node]") {
    const std::string version = GENERATE("18", "24");
    CAPTURE(version);
    const Servers servers(version, "round_robin");
    REQUIRE(eventually([&] { return !servers.output(0).empty() && !servers.output(1).empty(); }));
    const auto port = static_cast<std::uint16_t>(std::stoi(servers.ports[0]));
    const auto reply = HttpClient(port).get("/disconnect");
    REQUIRE(reply);
    INFO(servers.kpm.daemon_log());
    CHECK(eventually([&] {
        const auto pids = servers.pids();
        return pids.size() == 2 && !pids.contains(reply->body) && !pids.contains("0");
    }));
    CHECK(HttpClient(port).get("/"));
}

}  // namespace kpm::node_versions_test

// What npm has for PM2 runs against kpmd, unmodified: PM2's own Node API, and three programs that use it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::pm2_tools_test {
using namespace test;

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 120s;  // for a Node program to start on a busy machine

fs::path client_folder(const std::string& package) {
    const char* folder = std::getenv("KPM_PM2_CLIENTS");
    REQUIRE(folder);
    return fs::path(folder) / "node_modules" / package;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Runs kpm in a package's folder: `install .` makes it a module, its files stay as npm has put them.
CommandResult install(const KpmHome& kpm, const std::string& package,
                      std::map<std::string, std::string> env = {}) {
    for (const auto& [name, value] : kpm.env()) env.emplace(name, value);
    return run_command({bin_dir() / "kpm", "install", "."}, env, client_folder(package), kPatience);
}

// All that is known when a test fails.
std::string words_of(const KpmHome& kpm) {
    std::string text = kpm.daemon_log();
    for (const auto& entry : fs::directory_iterator(kpm.home() / "logs"))
        text += entry.path().string() + ":\n" + kpm.read(entry.path());
    return text;
}

// Ends with the API's calls, in order; each line of the output is one fact.
constexpr const char* kApiScript = R"(
const pm2 = require(process.argv[2]);
const call = (name, ...args) => new Promise((resolve, reject) =>
    pm2[name](...args, (error, value) => error ? reject(error) : resolve(value)));
const say = (...words) => console.log(words.join(' '));
(async () => {
    await call('connect');
    say('connected');
    const bus = await call('launchBus');
    const heard = (event, wanted) => new Promise(resolve => bus.on(event, packet => wanted(packet) && resolve(packet)));
    const online = heard('process:event', p => p.event === 'online' && p.process.name === 'echo');
    const line = heard('log:out', p => /ready/.test(p.data));
    const started = await call('start', {script: 'echo.js', name: 'echo', env: {COLOUR: 'blue'}});
    say('started', started.length, started[0].pm2_env.status);
    say('bus', (await online).process.pm_id, (await line).process.name);
    let list = await call('list');
    say('list', list.length, list[0].name, list[0].pm2_env.COLOUR, list[0].pid > 0, list[0].monit.memory > 0);
    say('describe', (await call('describe', 'echo'))[0].name);
    const answer = heard('answer', () => true);
    await call('sendDataToProcessId', {id: list[0].pm_id, type: 'process:msg', topic: 'greeting', data: {word: 'hello'}});
    say('answer', JSON.stringify((await answer).data));
    await call('restart', 'echo');
    list = await call('list');
    say('restarted', list[0].pm2_env.restart_time);
    await call('reload', 'echo');
    await call('stop', 'echo');
    say('stopped', (await call('list'))[0].pm2_env.status);
    await call('sendSignalToProcessName', 'SIGUSR2', 'nobody').catch(error => say('refused', error.message || error));
    await call('delete', 'echo');
    say('deleted', (await call('list')).length);
    pm2.disconnect();
    say('disconnected');
})().catch(error => { console.error('failed', error); process.exit(1); });
)";

constexpr const char* kEcho = R"(
process.on('message', packet => process.send({type: 'answer', data: {got: packet.data.word, topic: packet.topic}}));
console.log('ready');
setInterval(() => {}, 1000);
)";

}  // namespace

TEST_CASE("pm2 api: connect, list, start, launchBus, sendDataToProcessId, disconnect", "[e2e]") {
    const KpmHome kpm;
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    const int daemon = kpm.daemon_pid();
    kpm.write("echo.js", kEcho);
    kpm.write("api.js", kApiScript);
    // …/node_modules/.bin/pm2 -> the package itself
    const fs::path library = fs::canonical(pm2_program()).parent_path().parent_path();
    const CommandResult result = run_command({"node", "api.js", library}, kpm.env(), kpm.work(), kPatience);
    INFO(result.out << result.err << words_of(kpm));
    CHECK(result.status == 0);  // it ends by itself once it has disconnected
    CHECK(has(result.out,
              "connected\nstarted 1 online\nbus 0 echo\nlist 1 echo blue true true\ndescribe echo\n"));
    CHECK(has(result.out, "answer {\"got\":\"hello\",\"topic\":\"greeting\"}\n"));
    CHECK(has(result.out, "restarted 1\n"));
    CHECK(has(result.out, "stopped stopped\nrefused Unknown process name\ndeleted 0\ndisconnected\n"));
    CHECK(kpm.daemon_pid() == daemon);
}

TEST_CASE("pm2-prometheus-exporter: serves the figures of kpmd's apps", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "while :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "shown"}).status == 0);
    // Its port is fixed; a test must not depend on that one being free.
    const int port = free_port();
    const std::string other = kpm.write("other-port.js",
                                        "const net = require('net'), listen = net.Server.prototype.listen;\n"
                                        "net.Server.prototype.listen = function(port, ...rest) {\n"
                                        "    return listen.call(this, port === 9209 ? " +
                                            std::to_string(port) +
                                            " : port, '127.0.0.1', ...rest);\n"
                                            "};\n");
    const CommandResult installed =
        install(kpm, "pm2-prometheus-exporter", {{"NODE_OPTIONS", "--require " + other}});
    INFO(installed.out << installed.err << words_of(kpm));
    REQUIRE(installed.status == 0);
    std::string page;
    const bool is_served = eventually(
        [&] {
            page = run_command(
                       {"curl", "-s", "-m", "10", "http://127.0.0.1:" + std::to_string(port) + "/metrics"})
                       .out;
            return has(page, "pm2_up{name=\"shown\"");
        },
        kPatience);
    INFO(page << words_of(kpm));
    REQUIRE(is_served);
    CHECK(has(page, "pm2_up{name=\"shown\",instance=\"0\"} 1"));
    CHECK(has(page, "pm2_memory{name=\"shown\",instance=\"0\"} "));
    CHECK(has(page, "pm2_restarts{name=\"shown\",instance=\"0\"} 0"));
}

TEST_CASE("pm2-logrotate: rotates the logs of kpmd's apps, and they go on", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh",
              "i=0\nwhile :; do i=$((i+1)); echo \"line $i of an app that writes\"; sleep 0.05; done\n");
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "writer"}).status == 0);
    REQUIRE(kpm.kpm({"set", "pm2-logrotate:max_size", "1K"}).status == 0);
    REQUIRE(kpm.kpm({"set", "pm2-logrotate:workerInterval", "1"}).status == 0);
    const CommandResult installed = install(kpm, "pm2-logrotate");
    INFO(installed.out << installed.err << words_of(kpm));
    REQUIRE(installed.status == 0);
    const fs::path logs = kpm.home() / "logs";
    const auto is_rotated = [&] {
        for (const auto& entry : fs::directory_iterator(logs))
            if (entry.path().filename().string().starts_with("writer-out__")) return true;
        return false;
    };
    const bool has_rotated = eventually(is_rotated, kPatience);
    INFO(words_of(kpm));
    CHECK(has_rotated);
    // It has emptied the file, and kpmd writes on from its beginning.
    CHECK(eventually(
        [&] {
            const std::string text = kpm.read(logs / "writer-out.log");
            return text.starts_with("line ") && !text.starts_with("line 1 ");
        },
        kPatience));
    CHECK(kpm.find("pm2-logrotate")["pm2_env"]["axm_monitor"].contains("Global logs size"));
    CHECK(kpm.find("pm2-logrotate")["pm2_env"]["restart_time"] == 0);
}

TEST_CASE("pm2-server-monit: its figures are shown", "[e2e]") {
    const KpmHome kpm;
    const CommandResult installed = install(kpm, "pm2-server-monit");
    INFO(installed.out << installed.err);
    REQUIRE(installed.status == 0);
    // Its own, and not what kpm tells of any Node app.
    const bool is_shown = eventually(
        [&] { return kpm.find("pm2-server-monit")["pm2_env"]["axm_monitor"].contains("Free memory"); },
        kPatience);
    INFO(kpm.find("pm2-server-monit")["pm2_env"]["axm_monitor"].dump(2) << words_of(kpm));
    REQUIRE(is_shown);
    const CommandResult description = kpm.kpm({"describe", "pm2-server-monit"});
    CHECK(has(description.out, "Code metrics value"));
    CHECK(kpm.find("pm2-server-monit")["pm2_env"]["restart_time"] == 0);
    CHECK(has(kpm.kpm({"list"}).out, "Module"));
}

}  // namespace kpm::pm2_tools_test

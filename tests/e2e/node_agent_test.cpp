// What kpm runs inside Node apps: what PM2's clients see of it, held against the real pm2, and that the apps
// do not notice it.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/support/eventually.h"
#include "tests/support/pm2_pair.h"

namespace kpm::node_agent_test {
using namespace test;

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 2min;

// Begins to follow the bus, starts the app, prints the first exception of it.
constexpr const char* kFollow = R"(
const [library, options] = [process.argv[2], JSON.parse(process.argv[3])];
const pm2 = require(library);
const stop = error => { console.error('failed', error); process.exit(1); };
pm2.connect(error => error ? stop(error) : pm2.launchBus((error, bus) => {
    if (error) stop(error);
    bus.on('process:exception', packet => {
        console.log(JSON.stringify(packet));
        pm2.disconnect();
        process.exit(0);
    });
    pm2.start({script: 'throws.js', autorestart: false, ...options}, error => error && stop(error));
}));
)";

constexpr const char* kThrows = R"(
// one
// two
setTimeout(() => {
    throw process.env.PLAIN ? process.env.PLAIN : new RangeError('out of it');
}, 300);
// three
)";

Json followed(const Pm2Pair& pair, const fs::path& home, const Json& options) {
    const fs::path library = fs::canonical(pm2_program()).parent_path().parent_path();
    auto env = pair.kpm().env();
    env["PM2_HOME"] = home;
    env["KPM_HOME"] = home;
    const auto result =
        run_command({"node", "follow.js", library, options.dump()}, env, pair.kpm().work(), kPatience);
    INFO(result.out << result.err << pair.kpm().daemon_log());
    REQUIRE(result.status == 0);
    return Json::parse(result.out.substr(result.out.rfind('{', result.out.find("\"at\""))));
}

// Kind and unit of each figure, and how its value is written. Sorted: pm2's come in the order in which its
// agent happens to have them.
std::map<std::string, Json> shape_of(const Json& metrics) {
    std::map<std::string, Json> shape;
    for (const auto& [name, metric] : metrics.items()) {
        shape[name] = metric;
        shape[name]["value"] = metric.at("value").type_name();
    }
    return shape;
}

std::string output_of(const KpmHome& kpm, const std::string& name) {
    return kpm.read(kpm.home() / "logs" / (name + "-out.log"));
}

Json metrics_of(const KpmHome& kpm, const std::string& name) {
    return kpm.find(name)["pm2_env"]["axm_monitor"];
}

void start(const KpmHome& kpm, const std::string& file, const std::string& text,
           std::vector<std::string> options = {}) {
    kpm.write(file, text);
    options.insert(options.begin(), {"start", file});
    const auto started = kpm.kpm(options);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
}

// Says so when the agent has had the time to tell, and has not.
constexpr const char* kTellsLater = R"(
setTimeout(() => process.send({type: 'axm:monitor', data: {Mine: {value: 1}}}), 2500);
setInterval(() => {}, 1000);
)";

}  // namespace

TEST_CASE("node agent: an exception comes to PM2's clients as from pm2", "[e2e][node]") {
    const Pm2Pair pair;
    pair.kpm().write("follow.js", kFollow);
    pair.kpm().write("throws.js", kThrows);
    REQUIRE(pair.run_kpm({"ping"}).status == 0);
    REQUIRE(pair.run_pm2({"ping"}).status == 0);
    const auto both = [&](const Json& options) {
        return std::pair{followed(pair, pair.pm2_home(), options), followed(pair, pair.kpm_home(), options)};
    };
    {
        auto [by_pm2, by_kpm] = both({{"name", "forked"}});
        CHECK(by_kpm["at"].is_number_integer());
        CHECK(by_kpm["data"] == by_pm2["data"]);
        CHECK(by_kpm["process"] == by_pm2["process"]);
    }
    {
        auto [by_pm2, by_kpm] = both({{"name", "plain"}, {"env", {{"PLAIN", "text"}}}});
        // The text in it is each one's own.
        CHECK(by_pm2["data"]["message"].get<std::string>().find("text") != std::string::npos);
        CHECK(by_kpm["data"]["message"] == "Uncaught 'text'");
        CHECK(by_kpm["data"]["name"] == by_pm2["data"]["name"]);
        CHECK(by_kpm["data"]["stack"] == "Error: Uncaught 'text'");
    }
    {
        auto [by_pm2, by_kpm] = both({{"name", "workers"}, {"exec_mode", "cluster"}, {"instances", 1}});
        for (const auto& [key, value] : by_pm2["data"].items()) CHECK(by_kpm["data"][key] == value);
        CHECK(by_kpm["data"]["name"] == "RangeError");
    }
}

TEST_CASE("node agent: the default metrics are those of pm2", "[e2e][node]") {
    const Pm2Pair pair;
    pair.kpm().write("idle.js", "setInterval(() => {}, 1000);\n");
    for (const char* mode : {"fork", "cluster"})
        pair.kpm().write(std::string(mode) + ".json", std::string(R"([{"script":"idle.js","name":")") + mode +
                                                          R"(","exec_mode":")" + mode + R"("}])");
    for (const std::string mode : {"fork", "cluster"}) {
        const auto [by_pm2, by_kpm] = pair.run({"start", mode + ".json"});
        REQUIRE(by_pm2.status == 0);
        REQUIRE(by_kpm.status == 0);
        Json of_pm2, of_kpm;
        const auto figures = [&](const Json& list) {
            for (const Json& row : list)
                if (row["name"] == mode) return row["pm2_env"]["axm_monitor"];
            return Json();
        };
        CHECK(eventually([&] { return (of_pm2 = figures(pair.pm2_list())).size() == 7; }, kPatience));
        CHECK(eventually([&] { return (of_kpm = figures(pair.kpm_list())).size() == 7; }, kPatience));
        CHECK(shape_of(of_kpm) == shape_of(of_pm2));
    }
    const auto shown = pair.run_kpm({"describe", "fork"});
    CHECK(shown.out.find("Code metrics value") != std::string::npos);
    CHECK(shown.out.find("Event Loop Latency p95") != std::string::npos);
    // What has ended has none.
    CHECK(pair.run_kpm({"stop", "fork"}).status == 0);
    CHECK(metrics_of(pair.kpm(), "fork").empty());
}

TEST_CASE("node agent: an app that has done its work ends, whatever it does with its channel",
          "[e2e][node]") {
    const KpmHome kpm;
    // Works until there is a file.
    const std::string works =
        "const work = setInterval(() => {\n"
        "  if (!fs.existsSync('enough')) return;\n"
        "  clearInterval(work);\n"
        "  console.log('done');\n"
        "  if (process.listenerCount('message')) process.disconnect();\n"
        "}, 50);\n";
    const std::string required = "const fs = require('fs');\n";
    start(kpm, "done.js", required + works, {"--no-autorestart"});
    start(kpm, "leaves.js", required + "setTimeout(() => process.disconnect(), 500);\n" + works,
          {"--no-autorestart"});
    start(kpm, "listens.js", required + "process.on('message', () => {});\n" + works, {"--no-autorestart"});
    start(kpm, "module.mjs", "import fs from 'fs';\n" + works, {"--no-autorestart"});
    for (const char* name : {"done", "listens", "module"})
        CHECK(eventually([&] { return metrics_of(kpm, name).size() == 7; }));
    kpm.write("enough", "");
    for (const std::string name : {"done", "leaves", "listens", "module"}) {
        INFO(name << ": " << kpm.read(kpm.home() / "logs" / (name + "-error.log")));
        CHECK(eventually([&] { return kpm.find(name)["pm2_env"]["status"] == "stopped"; }));
        CHECK(output_of(kpm, name) == "done\n");
        CHECK(kpm.find(name)["pm2_env"]["exit_code"] == 0);
    }
}

TEST_CASE("node agent: an exception ends an app as it does without it", "[e2e][node]") {
    const KpmHome kpm;
    const std::string throws = "setTimeout(() => { throw new Error('out'); }, 100);\n";
    start(kpm, "with.js", throws, {"--no-autorestart"});
    start(kpm, "less.js", throws, {"--no-autorestart", "--no-pmx"});
    start(kpm, "lives.js",
          "process.on('uncaughtException', e => { console.log('caught ' + e.message); setInterval(() => {}, "
          "1000); });\n" +
              throws);
    const auto ended = [&](const std::string& name) {
        return eventually([&] { return kpm.find(name)["pm2_env"]["status"] == "stopped"; });
    };
    REQUIRE(ended("with"));
    REQUIRE(ended("less"));
    CHECK(kpm.find("with")["pm2_env"]["exit_code"] == 1);
    const auto error_of = [&](const std::string& name) {
        std::string text = kpm.read(kpm.home() / "logs" / (name + "-error.log"));
        for (std::size_t at; (at = text.find(name + ".js")) != std::string::npos;)
            text.erase(at, name.size());
        return text;
    };
    CHECK(error_of("with").find("Error: out") != std::string::npos);
    CHECK(error_of("with") == error_of("less"));
    CHECK(eventually([&] { return output_of(kpm, "lives") == "caught out\n"; }));
    CHECK(kpm.find("lives")["pm2_env"]["status"] == "online");
    CHECK(kpm.find("lives")["pm2_env"]["restart_time"] == 0);
}

TEST_CASE("node agent: a rejected promise ends an app by Node's own rule, or by that of its node_args",
          "[e2e][node]") {
    const KpmHome kpm;
    const std::string rejects =
        "setTimeout(() => Promise.reject(new Error('no')), 100);\nsetInterval(() => {}, 1000);\n";
    start(kpm, "strict.js", rejects, {"--no-autorestart"});
    start(kpm, "warned.js", rejects + "setTimeout(() => console.log('lives'), 1000);\n",
          {"--node-args", "--unhandled-rejections=warn"});
    CHECK(eventually([&] { return kpm.find("strict")["pm2_env"]["status"] == "stopped"; }));
    CHECK(kpm.find("strict")["pm2_env"]["exit_code"] == 1);
    CHECK(eventually([&] { return output_of(kpm, "warned") == "lives\n"; }));
}

TEST_CASE("node agent: an app's children, threads and own options do not see it", "[e2e][node]") {
    const KpmHome kpm;
    const std::string own = kpm.write("own.cjs", "globalThis.own = true;\n");
    start(kpm, "parent.js", R"(
const facts = `[process.env.NODE_OPTIONS || '', !!globalThis.own, process.listenerCount('uncaughtExceptionMonitor')].join(' ')`;
if (process.argv[2] === 'child') {
    process.send(eval(facts));
    process.disconnect();
} else {
    const { fork, spawnSync } = require('child_process');
    const { Worker } = require('worker_threads');
    console.log('app', eval(facts));
    console.log('spawned', spawnSync('node', ['-p', facts]).stdout.toString().trim());
    fork(__filename, ['child']).on('message', text => {
        console.log('forked', text);
        new Worker(`require('worker_threads').parentPort.postMessage(${facts})`, { eval: true })
            .on('message', text => console.log('thread', text));
    });
    setInterval(() => {}, 1000);
}
)",
          {"--name", "bare"});
    const std::string line = "app  false 1\nspawned false 0\nforked  false 0\nthread  false 0\n";
    eventually([&] { return output_of(kpm, "bare") == line; });
    CHECK(output_of(kpm, "bare") == line);
    kpm.write("own.json",
              R"([{"name":"own","script":"parent.js","env":{"NODE_OPTIONS":"--require )" + own + R"("}}])");
    REQUIRE(kpm.kpm({"start", "own.json"}).status == 0);
    const std::string seen = " --require " + own + " true ";
    const std::string lines =
        "app" + seen + "1\nspawned" + seen + "0\nforked" + seen + "0\nthread" + seen + "0\n";
    eventually([&] { return output_of(kpm, "own") == lines; });
    CHECK(output_of(kpm, "own") == lines);
}

TEST_CASE("node agent: says nothing where it is not wanted", "[e2e][node]") {
    const KpmHome kpm;
    start(kpm, "off.js", kTellsLater, {"--no-pmx"});
    start(kpm, "library.js", "globalThis[Symbol.for('@pm2/io')] = {};\n" + std::string(kTellsLater));
    for (const char* name : {"off", "library"}) {
        CHECK(eventually([&] { return !metrics_of(kpm, name).empty(); }));
        CHECK(metrics_of(kpm, name).size() == 1);
    }
}

// One that may load only what it is told to could not load the agent, and would not start.
TEST_CASE("node agent: an app that may not load everything starts without it", "[e2e][node]") {
    const KpmHome kpm;
    const std::string folder = kpm.work().string();
    kpm.write(
        "policy.json",
        Json{{"scopes", {{"file://" + folder + "/", {{"integrity", true}, {"dependencies", true}}}}}}.dump());
    // Each Node has one of them at least: policies went when permissions had come.
    const std::map<std::string, std::string> ways{
        {"permission", "--permission --allow-fs-read=" + folder + "/*"},
        {"experimental", "--experimental-permission --allow-fs-read=" + folder + "/*"},
        {"policy", "--experimental-policy=" + folder + "/policy.json"}};
    int known = 0;
    for (const auto& [name, options] : ways) {
        INFO(name);
        if (run_command({"node", options.substr(0, options.find_first_of(" =")) + "=x", "--version"})
                .status == 9)
            continue;  // a bad option
        ++known;
        start(kpm, name + ".js", kTellsLater, {"--node-args", options});
        CHECK(eventually([&] { return !metrics_of(kpm, name).empty(); }));
        CHECK(metrics_of(kpm, name).size() == 1);
        CHECK(kpm.find(name)["pm2_env"]["restart_time"] == 0);
    }
    CHECK(known > 0);
}

TEST_CASE("node agent: a script that somebody has deleted keeps no app from starting", "[e2e][node]") {
    const KpmHome kpm;
    start(kpm, "idle.js", "setInterval(() => {}, 1000);\n");
    REQUIRE(fs::remove(kpm.home() / "node-agent.cjs"));
    CHECK(kpm.kpm({"restart", "idle"}).status == 0);
    CHECK(fs::exists(kpm.home() / "node-agent.cjs"));
    CHECK(eventually([&] { return metrics_of(kpm, "idle").size() == 7; }));
}

}  // namespace kpm::node_agent_test

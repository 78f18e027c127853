// What an app's own attributes change in its supervision: readiness, the way it is stopped, its memory.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::supervision_test {
using namespace test;

namespace {

Json app(const char* script, const char* interpreter) {
    return {{"name", "app"}, {"script", script}, {"interpreter", interpreter}};
}

CommandResult start(const KpmHome& kpm, Json config) {
    kpm.write("ecosystem.json", Json{{"apps", Json::array({std::move(config)})}}.dump());
    return kpm.kpm({"start", "ecosystem.json"});
}

// An app that ends by a message, and writes down what ended it.
void start_polite(const KpmHome& kpm) {
    kpm.write("polite.js",
              R"(const bye = (why, code) => { require('fs').writeFileSync('bye', why); process.exit(code) };
process.on('message', m => { if (m === 'shutdown') bye('message', 7) });
process.on('disconnect', () => bye('disconnect', 8));
process.on('SIGINT', () => bye('signal', 9));
process.send('ready');
setInterval(() => {}, 1000);
)");
    Json config = app("polite.js", "node");
    config["shutdown_with_message"] = true;
    config["wait_ready"] = true;
    config["listen_timeout"] = 20000;
    config["kill_timeout"] = 20000;
    REQUIRE(start(kpm, config).status == 0);
}

}  // namespace

TEST_CASE("supervision: wait_ready waits for Node's process.send('ready')", "[e2e]") {
    const KpmHome kpm;
    kpm.write("ready.js",
              "setTimeout(() => { require('fs').writeFileSync('said', ''); process.send('ready') }, 300);"
              "setInterval(() => {}, 1000)");
    Json config = app("ready.js", "node");
    config["wait_ready"] = true;
    config["listen_timeout"] = 20000;
    const CommandResult started = start(kpm, config);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(std::filesystem::exists(kpm.work() / "said"));  // the command did not return before
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
    CHECK(started.err.find("no effect") == std::string::npos);
}

TEST_CASE("supervision: an app that never says that it is ready is a failed start", "[e2e]") {
    const KpmHome kpm;
    kpm.write("mute.py", "import time\ntime.sleep(600)\n");
    Json config = app("mute.py", "python3");
    config["wait_ready"] = true;
    config["listen_timeout"] = 300;
    const CommandResult started = start(kpm, config);
    CHECK(started.status == 1);
    INFO(started.out << started.err);
    CHECK((started.out + started.err).find("cannot start 'app': not ready within 300 ms") !=
          std::string::npos);
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");  // as PM2 has it
}

TEST_CASE("supervision: shutdown_with_message sends a message and no signal", "[e2e]") {
    const KpmHome kpm;
    start_polite(kpm);
    REQUIRE(kpm.kpm({"stop", "app"}).status == 0);
    CHECK(kpm.read(kpm.work() / "bye") == "message");
    CHECK(kpm.find("app")["pm2_env"]["exit_code"] == 7);
}

TEST_CASE("supervision: the channel outlives the daemon", "[e2e]") {
    const KpmHome kpm;
    start_polite(kpm);
    const int pid = kpm.find("app")["pid"];
    const int daemon = kpm.daemon_pid();
    ::kill(daemon, SIGKILL);
    CHECK(kpm.find("app")["pid"] == pid);
    CHECK(kpm.daemon_pid() != daemon);
    REQUIRE(kpm.kpm({"stop", "app"}).status == 0);
    CHECK(kpm.read(kpm.work() / "bye") == "message");
}

TEST_CASE("supervision: treekill false stops the root alone", "[e2e]") {
    const KpmHome kpm;
    kpm.write("parent.sh", "sleep 300 & echo $! > child.pid\nwait\n");
    Json config = app("parent.sh", "sh");
    config["treekill"] = false;
    REQUIRE(start(kpm, config).status == 0);
    REQUIRE(eventually([&] { return kpm.read(kpm.work() / "child.pid").ends_with('\n'); }));
    const int child = std::atoi(kpm.read(kpm.work() / "child.pid").c_str());
    const int parent = kpm.find("app")["pid"];
    REQUIRE(kpm.kpm({"stop", "app"}).status == 0);
    CHECK_FALSE(is_running(parent));
    CHECK(is_running(child));
    ::kill(child, SIGKILL);
}

TEST_CASE("supervision: an app beyond max_memory_restart is restarted, one below is not", "[e2e]") {
    const KpmHome kpm(std::map<std::string, std::string>{{"PM2_WORKER_INTERVAL", "200"}});
    kpm.write("eater.py", "import time\nblock = bytearray(80 << 20)\ntime.sleep(600)\n");
    kpm.write(
        "ecosystem.json",
        R"({"apps":[{"name":"eater","script":"eater.py","interpreter":"python3","max_memory_restart":"60M"},
                          {"name":"modest","script":"eater.py","interpreter":"python3","max_memory_restart":"1G"}]})");
    const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    // Not its status: on a busy machine the limit may be reached before the app has come to rest.
    INFO(started.out << started.err << kpm.daemon_log());
    CHECK(eventually([&] { return kpm.find("eater")["pm2_env"]["restart_time"] >= 2; }));
    CHECK(kpm.find("modest")["pm2_env"]["restart_time"] == 0);
    CHECK(kpm.daemon_log().find("more than its max_memory_restart of 62914560") != std::string::npos);
}

TEST_CASE("supervision: what a process writes on its channel cannot hurt the daemon", "[e2e]") {
    const KpmHome kpm;
    kpm.write("rude.py", R"(import os, socket, time
channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
for text in (b"null\n", b"[" * 100000 + b"\n", b"\xff\xfe\n", b"{\"type\":1,\"data\":2}\n", b"\n\n", b"{\"type\":\"axm:action\",\"data\":5}\n",
             b"{\"type\":\"axm:monitor\",\"data\":[1]}\n", b"{\"type\":\"x\",\"data\":{\"a\":1}}\n", b"\"ready\"\n"):
    channel.sendall(text)
time.sleep(600)
)");
    Json config = app("rude.py", "python3");
    config["wait_ready"] = true;
    config["listen_timeout"] = 20000;
    const CommandResult started = start(kpm, config);
    INFO(started.out << started.err << kpm.daemon_log());
    CHECK(started.status == 0);
    kpm.write(
        "flood.py",
        "import os, socket, time\nchannel = socket.socket(fileno=int(os.environ['NODE_CHANNEL_FD']))\n"
        "try:\n  channel.sendall(b'x' * (20 << 20))\nexcept OSError: open('cut', 'w')\ntime.sleep(600)\n");
    const int daemon = kpm.daemon_pid();
    REQUIRE(kpm.kpm({"start", "flood.py"}).status == 0);
    CHECK(eventually([&] { return std::filesystem::exists(kpm.work() / "cut"); }));
    CHECK(kpm.daemon_pid() == daemon);
    CHECK(kpm.find("flood")["pm2_env"]["status"] == "online");
}

TEST_CASE("supervision: a change of a watched file restarts the app; its own logs and a stop do not",
          "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "while :; do echo line; sleep 0.05; done\n");
    kpm.write("src/a.js", "1");
    Json config = app("app.sh", "sh");
    config["watch"] = true;
    config["out_file"] = "out.txt";  // in the watched folder
    config["error_file"] = "err.txt";
    const CommandResult started = start(kpm, config);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    REQUIRE(eventually([&] { return kpm.read(kpm.work() / "out.txt").size() > 100; }));
    CHECK(kpm.find("app")["pm2_env"]["restart_time"] == 0);
    // The tree may still be being read: the change is repeated until it is seen.
    int version = 2;
    REQUIRE(eventually([&] {
        kpm.write("src/a.js", std::to_string(version++));
        return kpm.find("app")["pm2_env"]["restart_time"] >= 1;
    }));
    CHECK(kpm.daemon_log().find("Change detected on path") != std::string::npos);
    REQUIRE(kpm.kpm({"stop", "app"}).status == 0);
    const Json stopped = kpm.find("app")["pm2_env"];
    kpm.write("src/b.js", "1");
    CHECK(kpm.kpm({"start", "app"}).status == 0);
    const Json again = kpm.find("app")["pm2_env"];
    CHECK(again["restart_time"] == stopped["restart_time"]);
    REQUIRE(eventually([&] {
        kpm.write("src/b.js", std::to_string(version++));
        return kpm.find("app")["pm2_env"]["restart_time"] > again["restart_time"];
    }));
}

TEST_CASE("supervision: cron_restart restarts; a wrong pattern is refused and loses nothing", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    Json config = app("app.sh", "sh");
    config["cron_restart"] = "* * * * * *";
    const CommandResult started = start(kpm, config);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(eventually([&] { return kpm.find("app")["pm2_env"]["restart_time"] >= 2; }));
    config["name"] = "other";
    config["cron_restart"] = "99 * * * *";
    const CommandResult refused = start(kpm, config);
    CHECK(refused.status == 1);
    CHECK((refused.out + refused.err).find("Cron pattern error") != std::string::npos);
    CHECK(kpm.list().size() == 1);
}

}  // namespace kpm::supervision_test

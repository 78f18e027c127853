// Apps as they should not be: the daemon lives, loses nothing, and stops them whole.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::hostile_apps_test {
using namespace test;

namespace {

std::string status_of(const KpmHome& kpm, const std::string& name) {
    const Json row = kpm.find(name);
    return row.is_null() ? "" : row["pm2_env"]["status"].get<std::string>();
}

int pid_in(const KpmHome& kpm, const std::string& file) {
    return std::atoi(kpm.read(kpm.work() / file).c_str());
}

}  // namespace

TEST_CASE("hostile apps: bytes that are no text are logged as they are", "[e2e]") {
    const KpmHome kpm;
    std::string bytes;
    for (int round = 0; round < 3; ++round)
        for (int byte = 255; byte >= 0; --byte) bytes += static_cast<char>(byte);
    const std::string source = kpm.write("bytes", bytes);
    kpm.write("binary.sh", "cat '" + source + "'\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "binary.sh"}).status == 0);
    const auto log = kpm.home() / "logs" / "binary-out.log";
    CHECK(eventually([&] { return kpm.read(log).size() >= bytes.size(); }));
    CHECK(kpm.read(log) == bytes);
}

TEST_CASE("hostile apps: the last line counts without its newline, and what comes before a crash", "[e2e]") {
    const KpmHome kpm;
    kpm.write("last.sh", "printf 'one\\ntwo'\nprintf 'why' >&2\nkill -SEGV $$\n");
    kpm.kpm({"start", "last.sh", "--no-autorestart"});
    CHECK(eventually([&] { return status_of(kpm, "last") == "stopped"; }));
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "last-out.log") == "one\ntwo"; }));
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "last-error.log") == "why"; }));
    CHECK(kpm.find("last")["pm2_env"]["exit_signal"] == SIGSEGV);
    const CommandResult described = kpm.kpm({"describe", "last"});
    INFO(described.out);
    CHECK(described.out.find("last exit: signal SIGSEGV\n") != std::string::npos);
    CHECK(described.out.find("why\n") != std::string::npos);
}

TEST_CASE("hostile apps: one that closes its outputs is online and is stopped like any other", "[e2e]") {
    const KpmHome kpm;
    kpm.write("mute.sh", "exec >&- 2>&-\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "mute.sh"}).status == 0);
    const int pid = kpm.find("mute")["pid"];
    CHECK(kpm.kpm({"list"}).status == 0);
    CHECK(kpm.find("mute")["pid"] == pid);
    CHECK(kpm.kpm({"stop", "mute"}).status == 0);
    CHECK_FALSE(is_running(pid));
}

TEST_CASE("hostile apps: one that writes without end leaves room for commands and other apps", "[e2e]") {
    const KpmHome kpm;
    kpm.write("flood.sh", "exec yes flood\n");
    kpm.write("calm.sh", "echo calm\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "flood.sh", "--output", "/dev/null"}).status == 0);
    REQUIRE(kpm.kpm({"start", "calm.sh"}).status == 0);
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "calm-out.log") == "calm\n"; }));
    CHECK(status_of(kpm, "flood") == "online");
    CHECK(kpm.kpm({"delete", "flood"}).status == 0);
    CHECK(kpm.find("flood").is_null());
}

// What a client gives up after is not a measure of time: the daemon would be behind by minutes.
TEST_CASE("hostile apps: two that tell without end on their channels leave room for commands", "[e2e]") {
    const KpmHome kpm;
    const std::string line = R"({"type":"axm:action","data":{"action_name":"a%d"}}\n)";
    kpm.write("flood.py",
              "import os\nchannel = int(os.environ['NODE_CHANNEL_FD'])\nos.set_blocking(channel, True)\n"
              "def say(text):\n"
              "    while text: text = text[os.write(channel, text):]\n"
              "everything = b''.join(b'" +
                  line +
                  "' % i for i in range(1000))\n"
                  "say(everything)\nprint('told', flush=True)\n"
                  "while True: say(everything)\n");
    kpm.write("flood.js",
              "const send = (i) => process.send({type: 'axm:action', data: {action_name: 'a' + i % 1000}}, "
              "() => send(i + 100));\n"
              "for (let i = 0; i < 100; ++i) send(i);\n");
    const Json apps{{{"name", "python"}, {"script", "flood.py"}, {"interpreter", "python3"}},
                    {{"name", "cluster"}, {"script", "flood.js"}, {"exec_mode", "cluster"}}};
    kpm.write("ecosystem.json", Json{{"apps", apps}}.dump());
    REQUIRE(kpm.kpm({"start", "ecosystem.json"}).status == 0);
    CHECK(eventually([&] { return kpm.read(kpm.home() / "logs" / "python-out.log") == "told\n"; }));
    for (int i = 0; i < 5; ++i) {
        const CommandResult ping = kpm.kpm({"ping"});
        INFO(ping.out << ping.err);
        CHECK(ping.status == 0);
    }
    for (const char* name : {"python", "cluster"}) {
        CHECK(eventually([&] { return kpm.find(name)["pm2_env"]["axm_actions"].size() == 1000; }));
        CHECK(kpm.kpm({"delete", name}).status == 0);
    }
}

TEST_CASE("hostile apps: a daemon that forked twice out of its session ends with the app", "[e2e]") {
    const KpmHome kpm;
    // The double fork: the middle process is gone at once, nothing but the environment ties the two.
    kpm.write("daemonizer.sh", "(setsid sh -c 'echo $$ > \"$1\"; exec sleep 1000' sh '" +
                                   (kpm.work() / "daemon.pid").string() +
                                   "' &)\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "daemonizer.sh"}).status == 0);
    REQUIRE(eventually([&] { return pid_in(kpm, "daemon.pid") > 0; }));
    const int daemon = pid_in(kpm, "daemon.pid");
    REQUIRE(is_running(daemon));
    CHECK(kpm.kpm({"stop", "daemonizer"}).status == 0);
    CHECK_FALSE(is_running(daemon));
    if (is_running(daemon)) ::kill(daemon, SIGKILL);
}

TEST_CASE("hostile apps: what has left the session of an app ends with it, too, when the app ends by itself",
          "[e2e]") {
    const KpmHome kpm;
    kpm.write("leaver.sh",
              "echo run >> runs\nsetsid sh -c 'echo $$ >> left; exec sleep 1000' &\n"
              "while [ \"$(wc -l < left)\" -lt \"$(wc -l < runs)\" ]; do sleep 0.05; done\n"
              "sleep 1.2\nexit 1\n");
    kpm.write("left", "");
    REQUIRE(kpm.kpm({"start", "leaver.sh", "--max-restarts", "2"}).status == 0);
    REQUIRE(eventually([&] { return kpm.find("leaver")["pm2_env"]["restart_time"] >= 2; }));
    const auto left = [&] {
        std::vector<int> pids;
        std::istringstream text(kpm.read(kpm.work() / "left"));
        for (int pid = 0; text >> pid;) pids.push_back(pid);
        return pids;
    };
    REQUIRE(eventually([&] { return left().size() >= 3; }));
    const std::vector<int> pids = left();
    // The last one's app may still run.
    for (std::size_t i = 0; i + 1 < pids.size(); ++i) CHECK(eventually([&] { return !is_running(pids[i]); }));
    REQUIRE(kpm.kpm({"delete", "leaver"}).status == 0);
    for (const int pid : pids) CHECK_FALSE(is_running(pid));
}

TEST_CASE("hostile apps: one that ignores every polite signal is killed, and stopped only then", "[e2e]") {
    const KpmHome kpm;
    kpm.write("deaf.sh",
              "trap '' INT TERM HUP\nsh -c \"trap '' INT TERM; while :; do sleep 0.2; done\" &\n"
              "echo $! > child.pid\nwhile :; do sleep 0.2; done\n");
    REQUIRE(kpm.kpm({"start", "deaf.sh", "--kill-timeout", "300"}).status == 0);
    REQUIRE(eventually([&] { return pid_in(kpm, "child.pid") > 0; }));
    const int root = kpm.find("deaf")["pid"], child = pid_in(kpm, "child.pid");
    CHECK(kpm.kpm({"stop", "deaf"}).status == 0);
    CHECK_FALSE(is_running(root));
    CHECK_FALSE(is_running(child));
    CHECK(status_of(kpm, "deaf") == "stopped");
}

TEST_CASE("hostile apps: without a kill_timeout the end is immediate, and a success", "[e2e]") {
    const KpmHome kpm;
    kpm.write("deaf.sh", "trap '' INT\nwhile :; do sleep 0.2; done\n");
    REQUIRE(kpm.kpm({"start", "deaf.sh", "--kill-timeout", "0"}).status == 0);
    CHECK(kpm.kpm({"stop", "deaf"}).status == 0);
    CHECK(status_of(kpm, "deaf") == "stopped");
}

TEST_CASE("hostile apps: what treekill spares writes on after the stop", "[e2e]") {
    const KpmHome kpm;
    kpm.write(
        "parent.sh",
        "(trap '' INT HUP PIPE; while :; do echo tick; sleep 0.1; done) &\necho $! > child.pid\nwait\n");
    REQUIRE(kpm.kpm({"start", "parent.sh", "--no-treekill"}).status == 0);
    REQUIRE(eventually([&] { return pid_in(kpm, "child.pid") > 0; }));
    const int child = pid_in(kpm, "child.pid");
    REQUIRE(kpm.kpm({"stop", "parent"}).status == 0);
    const auto file = kpm.home() / "logs" / "parent-out.log";
    const auto size = kpm.read(file).size();
    CHECK(eventually([&] { return kpm.read(file).size() > size + 10; }));
    // The next daemon's `ready` comes after its look for what an earlier one has left.
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    REQUIRE(kpm.kpm({"list"}).status == 0);
    CHECK(kpm.daemon_log().find("of a daemon that was killed") == std::string::npos);
    CHECK(is_running(child));
    ::kill(child, SIGKILL);
}

TEST_CASE("hostile apps: one that ends at once is given up after max_restarts, and the reason is kept",
          "[e2e]") {
    const KpmHome kpm;
    kpm.kpm({"start", "/bin/false", "--name", "brief"});
    REQUIRE(eventually([&] { return status_of(kpm, "brief") == "errored"; }));
    const Json env = kpm.find("brief")["pm2_env"];
    CHECK(env["exit_code"] == 1);
    CHECK(env["restart_time"] == 15);
}

}  // namespace kpm::hostile_apps_test

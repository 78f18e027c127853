// attach, trigger and why with real apps; --json on the commands that print facts.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <utility>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::messages_test {
using namespace test;

namespace {

Json json_of(const CommandResult& result) {
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK(result.out.ends_with("\n"));
    Json value = Json::parse(result.out, nullptr, false);
    REQUIRE_FALSE(value.is_discarded());
    return value;
}

}  // namespace

TEST_CASE("messages: attach gives the app every line before it ends, with the separator asked for",
          "[e2e][cli]") {
    const KpmHome home;
    home.write("echo.sh", "while read line; do echo \"got $line\"; done; exec sleep 100000\n");
    home.write("input", "one\ntwo\nthree");
    REQUIRE(home.kpm({"start", "echo.sh"}).status == 0);
    const auto attach = [&](const std::string& more) {
        return run_command({"sh", "-c", "\"$1\" attach 0 " + more + " <input", "sh", bin_dir() / "kpm"},
                           home.env(), home.work());
    };
    CHECK(attach("").status == 0);
    const auto log = home.home() / "logs" / "echo-out.log";
    CHECK(eventually([&] { return home.read(log) == "got one\ngot two\ngot three\n"; }));
    CHECK(attach("\"$(printf ';\\nx')\"").status == 0);
    CHECK(eventually([&] { return home.read(log).ends_with("got one;\ngot xtwo;\ngot xthree;\n"); }));
    REQUIRE(home.kpm({"stop", "0"}).status == 0);
    const auto stopped = attach("");
    CHECK(stopped.status == 1);
    CHECK(stopped.err.find("offline") != std::string::npos);
}

TEST_CASE("messages: an app that reads late gets all that was sent, which is more than a pipe holds",
          "[e2e][cli]") {
    const KpmHome home;
    home.write("late.sh", "while [ ! -e go ]; do sleep 0.05; done; exec cat > got\n");
    std::string input = std::string(100'000, 'x') + "\n";
    for (int i = 0; i < 5'000; ++i) input += fmt::format("line {} of many, of which none may be torn\n", i);
    home.write("input", input);
    REQUIRE(home.kpm({"start", "late.sh"}).status == 0);
    const auto sent =
        run_command({"sh", "-c", "\"$1\" attach 0 <input", "sh", bin_dir() / "kpm"}, home.env(), home.work());
    INFO(sent.err);
    CHECK(sent.status == 0);
    home.write("go", "");
    CHECK(eventually([&] { return home.read(home.work() / "got") == input; }));
}

TEST_CASE("messages: what an app has put in the place of its stdin is not written to", "[e2e][cli]") {
    const KpmHome home;
    home.write("input", "kept\n");
    home.write("other.sh", "exec < input; echo ready; exec sleep 100000\n");
    REQUIRE(home.kpm({"start", "other.sh"}).status == 0);
    const auto log = home.home() / "logs" / "other-out.log";
    REQUIRE(eventually([&] { return home.read(log) == "ready\n"; }));
    const auto sent = home.kpm({"send", "0", "lost"});
    CHECK(sent.status == 1);
    CHECK(sent.err.find("it has no input") != std::string::npos);
    CHECK(home.read(home.work() / "input") == "kept\n");
}

TEST_CASE("messages: a trigger whose app dies does not wait for ever", "[e2e][cli]") {
    const KpmHome home;
    const bool is_noisy = GENERATE(false, true);  // another app never lets a second pass without an event
    if (is_noisy) {
        home.write("noise.sh", "while :; do echo noise; sleep 0.05; done\n");
        REQUIRE(home.kpm({"start", "noise.sh"}).status == 0);
    }
    home.write("dies.js",
               "process.send({type: 'axm:action', data: {action_name: 'die', opts: null, arity: 0}});\n"
               "process.on('message', () => process.exit(0));\n"
               "setTimeout(() => console.log('ready'), 50);\n");
    REQUIRE(home.kpm({"start", "dies.js", "--no-autorestart"}).status == 0);
    const auto log = home.home() / "logs" / "dies-out.log";
    REQUIRE(eventually([&] { return home.read(log) == "ready\n"; }));
    const auto result = home.kpm({"trigger", "dies", "die"});
    CHECK(result.status == 1);
    CHECK(result.out.find("1 processes have received command die") != std::string::npos);
    CHECK(result.err.find("cannot trigger 'die'") != std::string::npos);
}

TEST_CASE("messages: trigger --json is what each process returned", "[e2e][cli]") {
    const KpmHome home;
    home.write("actor.js",
               "process.on('message', m => process.send({type: 'axm:reply',\n"
               "  data: {action_name: 'add', return: {sum: (m.opts || 0) + 1}}}));\n"
               "process.send({type: 'axm:action', data: {action_name: 'add', arity: 1}});\n"
               "process.send('ready');\n");
    REQUIRE(home.kpm({"start", "actor.js", "-i", "2", "--namespace", "n", "--wait-ready"}).status == 0);
    Json replies = json_of(home.kpm({"trigger", "actor", "add", "4", "--json"}));
    REQUIRE(replies.size() == 2);
    if (replies[0]["id"] != 0) std::swap(replies[0], replies[1]);
    for (const int id : {0, 1})
        CHECK(replies[static_cast<std::size_t>(id)] ==
              Json{{"id", id}, {"name", "actor"}, {"namespace", "n"}, {"return", {{"sum", "41"}}}});
    const CommandResult unknown = home.kpm({"trigger", "actor", "subtract", "--json"});
    CHECK(unknown.status == 1);
    CHECK(unknown.out.empty());
}

TEST_CASE("why: the last exits and what was said before them", "[e2e][cli]") {
    const KpmHome home;
    home.write("crash.sh", "echo \"cannot find the engine\" >&2; exit 3\n");
    home.write("stay.sh", "exec sleep 100000\n");
    home.kpm({"start", "crash.sh", "--max-restarts", "2"});
    REQUIRE(home.kpm({"start", "stay.sh"}).status == 0);
    REQUIRE(eventually([&] { return home.find("crash")["pm2_env"]["status"] == "errored"; }));

    const CommandResult why = home.kpm({"why", "crash"});
    INFO(why.out << why.err << home.daemon_log());
    CHECK(why.status == 0);
    CHECK(why.out.find("[crash](0) is errored") != std::string::npos);
    CHECK(why.out.find("last exit: exit code 3") != std::string::npos);
    CHECK(why.out.find("cannot find the engine") != std::string::npos);

    const Json facts = json_of(home.kpm({"why", "all", "--json"}));
    REQUIRE(facts.size() == 2);
    CHECK(facts[0]["cause"] == "exit code 3");
    CHECK(facts[0]["exits"].size() >= 2);
    CHECK(facts[0]["exits"][0]["cause"] == "exit code 3");
    CHECK(facts[0]["stderr"].back() == "cannot find the engine");
    CHECK(facts[1]["cause"].is_null());

    CHECK(home.kpm({"why", "no-such"}).status == 1);
    CHECK(home.kpm({"why", "99"}).status == 1);
}

TEST_CASE("--json: one line of facts, and nothing else on stdout", "[e2e][cli]") {
    const KpmHome home;
    auto env = home.env();
    env["PM2_DISCRETE_MODE"] = "";  // the start of the daemon is told of
    home.write("stay.sh", "echo hello; exec sleep 100000\n");
    CHECK(json_of(run_command({bin_dir() / "kpm", "list", "--json"}, env, home.work())) == Json::array());
    REQUIRE(home.kpm({"start", "stay.sh", "-n", "a", "--namespace", "n", "--", "x"}).status == 0);
    REQUIRE(home.kpm({"start", "stay.sh", "-n", "b"}).status == 0);

    const Json list = json_of(home.kpm({"ls", "--json", "--sort", "name:desc"}));
    REQUIRE(list.size() == 2);
    CHECK(list[0]["name"] == "b");
    CHECK(list[1]["namespace"] == "n");
    CHECK(list[1]["status"] == "online");
    CHECK(list[1]["pid"] == home.find("a")["pid"]);

    const Json description = json_of(home.kpm({"describe", "a", "--json"}));
    REQUIRE(description.size() == 1);
    CHECK(description[0]["args"] == Json({"x"}));
    CHECK(description[0]["last_exit"].is_null());
    CHECK(json_of(home.kpm({"env", "0", "--json"}))["namespace"] == "n");
    CHECK(json_of(home.kpm({"pid", "a", "--json"})) ==
          Json::array({{{"id", 0}, {"name", "a"}, {"pid", home.find("a")["pid"]}}}));
    CHECK(json_of(home.kpm({"id", "b", "--json"})) == Json({1}));
    CHECK(json_of(home.kpm({"id", "no-such", "--json"})) == Json::array());
    CHECK(json_of(home.kpm({"pid", "no-such", "--json"})) == Json::array());
    const Json pong = json_of(home.kpm({"ping", "--json"}));
    CHECK(pong["msg"] == "pong");
    CHECK(pong["pid"] == home.daemon_pid());
    const auto log = home.home() / "logs" / "a-out.log";
    REQUIRE(eventually([&] { return home.read(log) == "hello\n"; }));
    CHECK(json_of(home.kpm({"logs", "a", "--nostream", "--out", "--json"})) ==
          Json{{"message", "hello"}, {"type", "out"}, {"process_id", 0}, {"app_name", "a"}});
    CHECK(home.kpm({"describe", "no-such", "--json"}).status == 1);

    CHECK(json_of(home.kpm({"conf", "a:key", "value", "--json"})) == "value");
    CHECK(json_of(home.kpm({"get", "a", "--json"})) == Json{{"key", "value"}});
    CHECK(json_of(home.kpm({"conf", "a:key", "--json"})) == "value");
    CHECK(json_of(home.kpm({"conf", "--json"})) == Json{{"a", {{"key", "value"}}}});
    CHECK(json_of(home.kpm({"get", "--json"})) == Json{{"a", {{"key", "value"}}}});
    CHECK(home.kpm({"get", "nothing", "--json"}).status == 1);
    const Json report = json_of(home.kpm({"report", "--json"}));
    CHECK(report["daemon"]["pid"] == std::to_string(home.daemon_pid()));
    CHECK(report["processes"].size() == 2);
    CHECK(report["daemon_log"]["lines"].is_array());
}

TEST_CASE("messages: a handle that a fork-mode app sends holds nothing up", "[e2e][node]") {
    const KpmHome home;
    home.write("handles.js",
               "const server = require('net').createServer();\n"
               "server.listen(0, '127.0.0.1', () => {\n"
               "  process.send({type: 'axm:monitor', data: {Before: {value: 1}}}, server);\n"
               "  process.send({type: 'axm:monitor', data: {After: {value: 2}}});\n"
               "  process.send('ready');\n"
               "});\n");
    const auto started = home.kpm({"start", "handles.js", "--wait-ready", "--listen-timeout", "60000"});
    INFO(started.out << started.err << home.daemon_log());
    CHECK(started.status == 0);
    const Json monitor = home.find("handles")["pm2_env"]["axm_monitor"];
    CHECK(monitor["Before"]["value"] == 1);
    CHECK(monitor["After"]["value"] == 2);
}

}  // namespace kpm::messages_test

// `kpm monit` as a user has it: in a terminal, with keys, while apps and the daemon come and go.
#include <csignal>

#include "monit_fixture.h"

namespace kpm::monit_test {
using namespace test;

TEST_CASE("monit: shows processes, the selected one's log lines and metadata, live", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    kpm.write("quiet.sh", "echo I am quiet; sleep 1000\n");
    TmuxScreen screen(kpm, 120, 40);
    open_monit(kpm, screen, "env -u NO_COLOR");
    CHECK(comes(screen, " 0 web "));
    CHECK(comes(screen, "tick "));
    CHECK(comes(screen, "oops "));
    CHECK(comes(screen, (kpm.work() / "ticker.sh").string()));
    CHECK(comes(screen, "online"));
    // Standard output green, errors red, as are statuses.
    CHECK(eventually([&] { return screen.text(true).find("\x1b[32mtick") != std::string::npos; }));
    CHECK(eventually([&] { return screen.text(true).find("\x1b[31moops") != std::string::npos; }));

    // One that is started meanwhile appears, and can be selected.
    REQUIRE(kpm.kpm({"start", "quiet.sh", "--name", "calm"}).status == 0);
    CHECK(comes(screen, " 1 calm "));
    screen.press({"Down"});
    CHECK(comes(screen, "Logs of calm (1)"));
    CHECK(comes(screen, "I am quiet"));
    CHECK(goes(screen, "tick "));
    screen.press({"k"});
    CHECK(comes(screen, "Logs of web (0)"));
    REQUIRE(kpm.kpm({"delete", "calm"}).status == 0);
    CHECK(goes(screen, " 1 calm "));
    screen.press({"q"});
    CHECK(comes(screen, "ended with 0"));
}

TEST_CASE("monit: metrics that an app reports are shown", "[e2e][monit]") {
    const KpmHome kpm;
    kpm.write("app.js",
              "process.send({type: 'axm:monitor', data: {Queue: {value: 7, unit: 'jobs'}}});\n"
              "setInterval(() => {}, 1000);\n");
    REQUIRE(kpm.kpm({"start", "app.js", "--no-pmx"}).status == 0);
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "Queue 7 jobs"));
}

TEST_CASE("monit: filter, order, help and panes by keys", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    start_ticker(kpm, "api");
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "Processes (2, by id)"));
    screen.press({"s"});
    CHECK(comes(screen, "Processes (2, by name)"));
    screen.press({"/", "w", "q"});
    CHECK(comes(screen, "names with: wq"));
    CHECK(comes(screen, "no name has this in it"));
    screen.press({"BSpace"});
    CHECK(comes(screen, "Processes (1/2 with 'w', by name)"));
    CHECK(goes(screen, " api "));
    screen.press({"Enter"});
    CHECK(goes(screen, "names with"));
    CHECK(screen.shows("with 'w'"));
    screen.press({"/", "Escape"});
    CHECK(comes(screen, "Processes (2, by name)"));
    screen.press({"?"});
    CHECK(comes(screen, "any key closes this"));
    screen.press({"Escape"});
    CHECK(goes(screen, "any key closes this"));
    screen.press({"Right", "PPage"});
    CHECK(comes(screen, "before the end"));
    screen.press({"Escape"});
    CHECK(comes(screen, "ended with 0"));
    CHECK(is_given_back(kpm, screen));
}

TEST_CASE("monit: restart, reload and stop by keys, and what came of it", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    start_ticker(kpm, "other");
    TmuxScreen screen(kpm, 140, 30);  // room for a whole error
    open_monit(kpm, screen);
    CHECK(comes(screen, "Logs of web (0)"));
    const auto restarts = [&](const char* name) {
        return kpm.find(name)["pm2_env"]["restart_time"].get<int>();
    };
    screen.press({"r"});
    CHECK(comes(screen, "restarted 'web' (id 0)"));
    CHECK(restarts("web") == 1);
    screen.press({"R"});
    CHECK(comes(screen, "reloaded 'web' (id 0)"));
    CHECK(restarts("web") == 2);
    screen.press({"x"});
    CHECK(comes(screen, "stop 'web' (id 0)? y / n"));
    screen.press({"n"});
    CHECK(comes(screen, "'web' (id 0) is left running"));
    CHECK(kpm.find("web")["pm2_env"]["status"] == "online");
    screen.press({"x", "y"});
    CHECK(comes(screen, "stopped 'web' (id 0)"));
    CHECK(kpm.find("web")["pm2_env"]["status"] == "stopped");
    CHECK(comes(screen, " stopped"));
    CHECK(restarts("other") == 0);

    // A failure is told; the script of an app can go while it runs.
    const std::string path = kpm.write("fails.sh", "sleep 1000\n");
    REQUIRE(kpm.kpm({"start", path, "--name", "fails", "--interpreter", "none"}).status == 1);
    CHECK(comes(screen, " 2 fails"));
    screen.press({"End", "r"});
    CHECK(comes(screen, "Permission denied"));
    CHECK(comes(screen, "cannot start 'fails'"));
}

TEST_CASE("monit: a slow action does not hold the screen up", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    kpm.write("slow.json", R"({"apps": [{"name": "slow", "script": "./slow.sh", "kill_timeout": 20000}]})");
    kpm.write("slow.sh",
              "trap 'touch asked; while [ ! -e go ]; do sleep 0.1; done; exit' INT\n"
              "touch up; while :; do sleep 0.1; done\n");
    REQUIRE(kpm.kpm({"start", "slow.json"}).status == 0);
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "up"); }));
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, " 1 slow "));
    screen.press({"Down", "r"});
    CHECK(comes(screen, "restarting 'slow' (id 1) …"));
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "asked"); }));
    screen.press({"r"});
    CHECK(comes(screen, "cannot restart 'slow': the action before is still under way"));
    screen.press({"Up"});
    CHECK(comes(screen, "Logs of web (0)"));
    CHECK(comes(screen, "tick "));
    kpm.write("go", "");
    CHECK(comes(screen, "restarted 'slow' (id 1)"));
}

TEST_CASE("monit: goes on when the daemon is killed, and when it is gone for a while", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "tick "));
    const int killed = kpm.daemon_pid();
    REQUIRE(::kill(killed, SIGKILL) == 0);
    CHECK(comes(screen, "connected to the daemon again"));
    CHECK(kpm.daemon_pid() != killed);
    // Log lines come again, and actions work.
    const auto newest = [&] {
        const std::string text = screen.text();
        const auto at = text.rfind("tick ");
        return at == std::string::npos ? -1 : std::atoi(text.c_str() + at + 5);
    };
    const int before = newest();
    CHECK(eventually([&] { return newest() > before + 3; }));
    screen.press({"r"});
    CHECK(comes(screen, "restarted 'web' (id 0)"));

    REQUIRE(kpm.kpm({"kill"}).status == 0);
    CHECK(comes(screen, "the daemon is gone, what is shown is old"));
    screen.press({"r"});
    screen.press({"?"});
    CHECK(comes(screen, "any key closes this"));
    screen.press({"?"});
    CHECK(comes(screen, "the daemon is gone, what is shown is old"));
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    CHECK(comes(screen, "connected to the daemon again"));
    CHECK(comes(screen, "no processes"));
}

TEST_CASE("monit: says when the daemon does not answer", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "tick "));
    const int daemon = kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGSTOP) == 0);
    CHECK(comes(screen, "the daemon does not answer, what is shown is old"));
    screen.press({"r"});
    screen.press({"?"});
    CHECK(comes(screen, "any key closes this"));
    screen.press({"?"});
    REQUIRE(::kill(daemon, SIGCONT) == 0);
    CHECK(comes(screen, "connected to the daemon again"));
    screen.press({"q"});
    CHECK(comes(screen, "ended with 0"));
}

TEST_CASE("monit: a flood of log lines leaves the keys working", "[e2e][monit]") {
    const KpmHome kpm;
    kpm.write("flood.sh", "yes 'a line of a flood'\n");
    REQUIRE(kpm.kpm({"start", "flood.sh"}).status == 0);
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "a line of a flood"));
    screen.press({"?"});
    CHECK(comes(screen, "any key closes this"));
    screen.press({"Escape"});
    CHECK(goes(screen, "any key closes this"));
    screen.press({"q"});
    CHECK(comes(screen, "ended with 0"));
}

}  // namespace kpm::monit_test

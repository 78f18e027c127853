// `kpm monit` and the terminal that it takes over: its size, its modes, and what must not reach it.
#include <csignal>

#include "monit_fixture.h"

namespace kpm::monit_terminal_test {
using namespace test;

TEST_CASE("monit: the screen follows the terminal's size", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "Metadata ────────────────────────────┐"));
    CHECK_FALSE(screen.shows("Exec mode"));  // no room
    screen.resize(150, 50);
    CHECK(comes(screen, "Exec mode"));
    CHECK(comes(screen, "tick "));
    screen.resize(70, 20);
    CHECK(comes(screen, "kpm monit needs 80x24, this terminal has 70x20"));
    screen.resize(90, 26);
    CHECK(comes(screen, "Metadata ──"));
    CHECK(goes(screen, "needs 80x24"));
    screen.press({"C-c"});
    CHECK(comes(screen, "ended with 0"));
}

TEST_CASE("monit: the terminal is given back whatever ends it", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    TmuxScreen screen(kpm);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV}) {
        INFO("signal " << number);
        open_monit(kpm, screen);
        CHECK(screen.variable("alternate_on") == "1");
        REQUIRE(::kill(pid_of(kpm), number) == 0);
        CHECK(comes(screen, "ended with " + std::to_string(128 + number)));
        CHECK(is_given_back(kpm, screen));
        CHECK_FALSE(screen.shows("Metadata"));
    }
}

TEST_CASE("monit: Ctrl-Z gives the terminal back until it is continued", "[e2e][monit]") {
    const KpmHome kpm;
    start_ticker(kpm, "web");
    TmuxScreen screen(kpm);
    screen.command("kpm monit; echo ended with $?");
    REQUIRE(comes(screen, "Metadata"));
    screen.press({"C-z"});
    CHECK(eventually([&] { return screen.variable("alternate_on") == "0"; }));
    screen.command("echo in the $((1 + 1))nd shell");
    CHECK(comes(screen, "in the 2nd shell"));
    screen.command("fg");
    CHECK(comes(screen, "Metadata"));
    CHECK(comes(screen, "tick "));
    screen.press({"q"});
    CHECK(eventually([&] { return screen.variable("alternate_on") == "0"; }));
}

TEST_CASE("monit: what apps print and are called does not reach the terminal as anything but text",
          "[e2e][monit]") {
    const KpmHome kpm;
    kpm.write("evil.sh",
              "while :; do printf 'a\\033]0;owned\\007b\\033[?1049lc\\033[2Jd\\r\\233[5me\\377 "
              "\\343\\201\\202!\\n'; sleep "
              "0.1; done\n");
    REQUIRE(kpm.kpm({"start", "evil.sh", "--name", "n\x1b]0;owned\x07m"}).status == 0);
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "0 nm "));
    CHECK(comes(screen, "│abcd"));
    CHECK(comes(screen, "あ!"));
    CHECK(screen.shows("Metadata"));
    CHECK(screen.variable("alternate_on") == "1");
    CHECK(screen.variable("pane_title") != "owned");
}

TEST_CASE("monit: without a terminal, or with an unknown one, it says so and ends with 1", "[e2e][monit]") {
    const KpmHome kpm;
    for (const char* name : {"monit", "dash", "dashboard", "imonit"}) {
        const CommandResult result = kpm.kpm({name});
        CHECK(result.status == 1);
        CHECK(result.out.empty());
        CHECK(result.err == "[PM2][ERROR] cannot show 'monit': standard input and output are no terminal\n");
    }
    CHECK(kpm.daemon_pid() == 0);  // none was started for it

    TmuxScreen screen(kpm);
    screen.command("TERM=no-such-terminal kpm monit; echo ended with $?");
    CHECK(comes(screen, "cannot use terminal 'no-such-terminal': its type is unknown"));
    CHECK(comes(screen, "ended with 1"));
    screen.command("clear; TERM=dumb kpm monit; echo ended with $?");
    CHECK(comes(screen, "cannot use terminal 'dumb': it cannot move its cursor"));
    CHECK(comes(screen, "ended with 1"));
}

}  // namespace kpm::monit_terminal_test

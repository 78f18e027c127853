#pragma once
// What the tests of `kpm monit` share: an app that logs, monit in a terminal, and waiting for what it shows.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/tmux_screen.h"

namespace kpm::test {

inline constexpr const char* kTicker =
    "i=0\nwhile :; do i=$((i+1)); echo \"tick $i.\"; echo \"oops $i.\" >&2; sleep 0.1; done\n";

// Says what stood there instead when it does not.
inline bool comes(const TmuxScreen& screen, const std::string& part) {
    if (eventually([&] { return screen.shows(part); })) return true;
    UNSCOPED_INFO("'" << part << "' is not in\n" << screen.text());
    return false;
}

inline bool goes(const TmuxScreen& screen, const std::string& part) {
    return eventually([&] { return !screen.shows(part); });
}

// The shell's own screen again, its cursor visible, its modes as they were before `open_monit`.
inline bool is_given_back(const KpmHome& kpm, TmuxScreen& screen) {
    if (!eventually([&] { return screen.variable("alternate_on") == "0"; })) return false;
    if (!eventually([&] { return screen.variable("cursor_flag") == "1"; })) return false;
    screen.command("stty -a > after.tmp; mv after.tmp after");
    if (!eventually([&] { return !kpm.read(kpm.work() / "after").empty(); })) return false;
    return kpm.read(kpm.work() / "before") == kpm.read(kpm.work() / "after");
}

// Runs monit in the shell, which says "ended with N" after it; its pid is in the file `pid`.
inline void open_monit(const KpmHome& kpm, TmuxScreen& screen, const std::string& prefix = "") {
    screen.command("rm -f after pid; stty -a > before.tmp; mv before.tmp before");
    REQUIRE(eventually([&] { return !kpm.read(kpm.work() / "before").empty(); }));
    // The trap: a shell ends with a command that ended by SIGINT, if it has none.
    kpm.write("open.sh", "trap : INT\nsh -c 'echo $$ > pid.tmp; mv pid.tmp pid; exec " + prefix +
                             " kpm monit'\necho ended with $?\n");
    screen.command("clear; sh open.sh");
    REQUIRE(comes(screen, "Metadata"));
}

inline int pid_of(const KpmHome& kpm) {
    return std::atoi(kpm.read(kpm.work() / "pid").c_str());
}

inline void start_ticker(const KpmHome& kpm, const std::string& name) {
    kpm.write("ticker.sh", kTicker);
    const CommandResult result = kpm.kpm({"start", "ticker.sh", "--name", name});
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
}

}  // namespace kpm::test

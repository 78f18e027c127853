// What commands make of the terminal they run on: none, a narrow one, one without UTF-8; and what they say to
// whom.
#include <algorithm>
#include <catch2/catch.hpp>
#include <initializer_list>
#include <sstream>

#include "monit_fixture.h"
#include "tests/support/outcome.h"
#include "tests/support/terminal_command.h"

namespace kpm::terminal_test {
using namespace test;

namespace {

constexpr const char* kStays = "while :; do sleep 1; done\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

CommandResult on_terminal(const KpmHome& kpm, std::vector<std::string> words, unsigned short columns = 80) {
    words.insert(words.begin(), (bin_dir() / "kpm").string());
    return run_on_terminal(words, kpm.env(), kpm.work(), columns);
}

// In characters: names and borders have one column each.
std::ptrdiff_t longest_line(const std::string& text) {
    std::ptrdiff_t longest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        longest = std::max(longest, std::ranges::count_if(line, [](const char byte) {
                               return (static_cast<unsigned char>(byte) & 0xC0) != 0x80 && byte != '\r';
                           }));
    return longest;
}

}  // namespace

TEST_CASE("terminal: long work shows what is waited for, and takes it away; a pipe never sees it", "[e2e]") {
    const KpmHome kpm;
    kpm.write("mute.sh", kStays);
    const CommandResult started =
        on_terminal(kpm, {"start", "mute.sh", "--wait-ready", "--listen-timeout", "900"});
    INFO(started.out << kpm.daemon_log());
    CHECK(started.status == 1);
    const std::size_t shown = started.out.find("\r\x1b[K[PM2] starting mute (0 s)");
    REQUIRE(shown != std::string::npos);
    const std::size_t gone = started.out.rfind("\r\x1b[K");
    CHECK(gone > shown);
    CHECK(started.out.find("not ready within 900 ms") > gone);
    const CommandResult piped = kpm.kpm({"restart", "mute"});
    CHECK(says(piped, "not ready within 900 ms"));
    CHECK_FALSE(says(piped, "\r"));
    CHECK_FALSE(says(piped, "waiting for"));
}

TEST_CASE("terminal: neither the path of a log nor the name of a variable drives it", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kStays);
    kpm.write("eco.json",
              R"({"apps": [{"name": "app", "script": "./app.sh", "out_file": "./\u001b[35mout.log",
                                        "env": {"A\u001b[35mB": "value"}}]})");
    good(kpm, {"start", "eco.json"});
    const CommandResult logs = on_terminal(kpm, {"logs", "app", "--nostream"}, 200);
    CHECK(has(logs.out, "/[35mout"));
    CHECK_FALSE(has(logs.out, "\x1b[35m"));
    const CommandResult env = on_terminal(kpm, {"env", "0"}, 200);
    CHECK(has(env.out, "A[35mB: "));
    CHECK_FALSE(has(env.out, "\x1b[35m"));
}

TEST_CASE("terminal: list --watch draws the list anew", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kStays);
    good(kpm, {"start", "app.sh", "--name", "first"});
    TmuxScreen screen(kpm);
    screen.command("kpm list --watch");
    REQUIRE(comes(screen, "Last refresh: "));
    CHECK(comes(screen, "│ first"));
    good(kpm, {"start", "app.sh", "--name", "second"});
    CHECK(comes(screen, "│ second"));
    CHECK(screen.text().starts_with("Last refresh: "));
    good(kpm, {"delete", "first"});
    CHECK(goes(screen, "│ first"));
    screen.press({"C-c"});
    screen.command("echo $((1 + 1))nd");
    CHECK(comes(screen, "2nd"));
}

TEST_CASE("terminal: a list fits into a narrow one, and none is too narrow", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kStays);
    good(kpm, {"start", "app.sh", "--name", "an-app-with-quite-a-long-name-for-a-list"});
    for (const auto columns : std::initializer_list<unsigned short>{0, 1, 10, 30, 60, 80, 119, 130, 160}) {
        const CommandResult list = on_terminal(kpm, {"list"}, columns);
        INFO(columns << "\n" << list.out);
        CHECK(list.status == 0);
        CHECK(has(list.out, "online"));
        if (columns >= 60) CHECK(longest_line(list.out) <= columns);
        const CommandResult described = on_terminal(kpm, {"describe", "0", "--env"}, columns);
        CHECK(described.status == 0);
        CHECK(has(described.out, "│ status"));
    }
}

TEST_CASE("terminal: without UTF-8 in the locale list and monit work all the same", "[e2e][monit]") {
    const KpmHome kpm(std::map<std::string, std::string>{{"LC_ALL", "C"}, {"LANG", "C"}});
    start_ticker(kpm, "web");
    CHECK(has(kpm.kpm({"list"}).out, "│ web"));
    CHECK(has(on_terminal(kpm, {"list"}).out, "│ web"));
    TmuxScreen screen(kpm);
    open_monit(kpm, screen);
    CHECK(comes(screen, "tick "));
    CHECK(comes(screen, "web"));
    screen.press({"q"});
    CHECK(comes(screen, "ended with 0"));
    CHECK(is_given_back(kpm, screen));
}

TEST_CASE("terminal: PM2_SILENT and --silent leave only what was asked for", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kStays);
    auto env = kpm.env();
    env["PM2_SILENT"] = "true";
    const auto silent = [&](std::vector<std::string> words) {
        words.insert(words.begin(), bin_dir() / "kpm");
        return run_command(words, env, kpm.work());
    };
    const CommandResult started = silent({"start", "app.sh"});
    CHECK(started.status == 0);
    CHECK(started.out + started.err == "");
    CHECK(Json::parse(silent({"jlist"}).out)[0]["name"] == "app");
    const CommandResult failed = silent({"stop", "nothing"});
    CHECK(failed.status == 1);
    CHECK(failed.out + failed.err == "");
    const CommandResult flag = kpm.kpm({"restart", "app", "--silent"});
    CHECK(flag.status == 0);
    CHECK(flag.out + flag.err == "");
    CHECK(kpm.find("app")["pm2_env"]["restart_time"] == 1);
}

}  // namespace kpm::terminal_test

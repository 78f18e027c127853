#include "cli/monit/monit_view.h"

#include <catch2/catch.hpp>

#include "cli/terminal.h"
#include "fixture.h"

namespace kpm::cli::monit {
namespace {

int line_with(const Canvas& canvas, std::string_view part) {
    for (int y = 0; y < canvas.size().height; ++y) {
        if (canvas.row(y).find(part) != std::string::npos) return y;
    }
    return -1;
}

// The look of the first cell of the line that has this character.
Look look_of(const Canvas& canvas, int y, char32_t character) {
    for (int x = 0; x < canvas.size().width; ++x) {
        if (canvas.at({x, y}).text[0] == character) return canvas.at({x, y}).look;
    }
    return {};
}

}  // namespace

TEST_CASE("view: 80x24 has list, logs, usage, metadata and the keys", "[unit][monit]") {
    Opened monit;
    monit.model.add_log(0, false, "hello\n");
    const std::string text = monit.text();
    INFO(text);
    for (const char* part : {"Processes (3, by id)", "Logs of web (0)", "Usage, Custom Metrics", "Metadata",
                             "│id name", " 0 web", "3.0%", "50.0mb", "online", " 2 worker", "stopped",
                             "│hello", "no custom metrics", "App Name", "r restart", "q quit"}) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

TEST_CASE("view: every size above the smallest fills its lines exactly", "[unit][monit]") {
    Opened monit(list_of({{.id = 0, .name = "日本語の名前はとても長い"}, {.id = 123456, .name = "x"}}));
    monit.model.add_log(0, false, std::string(500, 'x') + "日本\n");
    for (const Mode mode : {Mode::Browse, Mode::Help}) {
        if (mode == Mode::Help) monit.type(U"?");
        for (int width = 80; width < 230; width += 7) {
            for (int height = 24; height < 70; height += 9) {
                const Canvas canvas = monit.screen({width, height});
                for (int y = 0; y < height - 2; ++y) REQUIRE(display_width(canvas.row(y)) <= width);
                REQUIRE(canvas.row(0).starts_with("┌ Processes"));
                REQUIRE(canvas.row(0).ends_with("┐"));
                REQUIRE(canvas.row(height - 3).ends_with("┘"));
                REQUIRE(display_width(canvas.row(height - 3)) == width);
            }
        }
    }
}

TEST_CASE("view: a smaller terminal gets a message, and no size is too small for it", "[unit][monit]") {
    Opened monit;
    CHECK(monit.shows("kpm monit needs 80x24, this terminal has 79x24", {79, 24}));
    CHECK(monit.shows("needs 80x24", {80, 23}));
    for (int width = 0; width < 90; width += 3) {
        for (int height = 0; height < 30; height += 3)
            CHECK(monit.screen({width, height}).size().width == width);
    }
}

TEST_CASE("view: the selected line is marked, statuses have their colours", "[unit][monit]") {
    Opened monit(list_of({{.id = 0, .name = "web"},
                          {.id = 1, .name = "api", .status = "errored"},
                          {.id = 2, .name = "job", .status = "waiting restart"}}));
    const Canvas canvas = monit.screen({120, 30});
    const int web = line_with(canvas, "0 web");
    CHECK(canvas.at({5, web}).look.reverse);
    CHECK_FALSE(canvas.at({5, web + 1}).look.reverse);
    CHECK(look_of(canvas, web, U'o').colour == Colour::Green);
    CHECK(look_of(canvas, web + 1, U'r').colour == Colour::Red);
    CHECK(look_of(canvas, web + 2, U'w').colour == Colour::Yellow);
}

TEST_CASE("view: the marked pane has a coloured frame", "[unit][monit]") {
    Opened monit;
    CHECK(monit.screen().at({0, 0}).look.colour == Colour::Blue);
    monit.press(KeyName::Right);
    CHECK(monit.screen().at({0, 0}).look.colour == Colour::Default);
    CHECK(monit.screen().at({79, 0}).look.colour == Colour::Blue);
}

TEST_CASE("view: usage over time is drawn in the pane, and in the list where there is room",
          "[unit][monit]") {
    Opened monit(list_of({}));
    for (const double cpu : {0.0, 100.0, 50.0})
        monit.model.update(list_of({{.id = 0, .name = "web", .cpu = cpu, .memory = 1 << 20}}));
    const auto drawn = [&](Size size) {
        const Canvas canvas = monit.screen(size);
        return std::pair{canvas.row(line_with(canvas, "0 web")).find("▁█▅") != std::string::npos,
                         canvas.row(line_with(canvas, "│cpu")).find("▁█▅") != std::string::npos};
    };
    CHECK(drawn({80, 24}) == std::pair{false, true});
    CHECK(drawn({140, 40}) == std::pair{true, true});
}

TEST_CASE("view: the list tells of GPUs when an app has a place on one", "[unit][monit]") {
    Opened without;
    CHECK_FALSE(without.shows("gpu"));
    ProcessList list = three_apps();
    list.data[1]["pm2_env"]["gpu_state"] = {{"kind", "gpu"}, {"pci", "0000:41:00.0"}};
    list.rows = read_rows(list.data);
    Opened monit(std::move(list));
    CHECK_FALSE(monit.shows("gpu"));  // the names need the room
    const std::string text = monit.text({160, 40});
    INFO(text);
    CHECK(text.find("gpu") != std::string::npos);
    CHECK(text.find("41:00.0") != std::string::npos);
    CHECK(text.find("stopped") != std::string::npos);
    for (const char* name : {"web", "api", "worker"}) CHECK(text.find(name) != std::string::npos);
}

TEST_CASE("view: what the selected process uses of its GPU", "[unit][monit]") {
    ProcessList list = three_apps();
    list.data[0]["pm2_env"]["gpu_state"] = {{"kind", "gpu"}, {"pci", "0000:41:00.0"}};
    list.data[0]["monit"]["gpu"] = {{"percent", 12.5}, {"memory", 3 << 20}};
    list.rows = read_rows(list.data);
    Opened monit(std::move(list));
    const Canvas small = monit.screen({80, 40});
    CHECK(line_with(small, "12.5%") > line_with(small, " 2 worker"));  // the lower pane has it
    CHECK(monit.shows("3.0mb", {80, 40}));
    CHECK_FALSE(monit.shows("gpu%", {80, 40}));
    const Canvas large = monit.screen({200, 50});
    CHECK(large.row(line_with(large, "│id name")).find("gpu%     vram") != std::string::npos);
    const std::string row = large.row(line_with(large, " 0 web"));
    INFO(row);
    CHECK(row.find(" 12.5%    3.0mb") != std::string::npos);
    CHECK(large.row(line_with(large, " 1 api")).find("     -        -") != std::string::npos);
    monit.type(U"j");
    CHECK(line_with(monit.screen({80, 40}), "│vram") == -1);
}

TEST_CASE("view: a worker's connections are told among its metadata, those of no other process",
          "[unit][monit]") {
    const Size size{100, 60};
    CHECK_FALSE(Opened().shows("Connections", size));
    ProcessList list = three_apps();
    list.data[0]["connections"] = {
        {"handed", 41}, {"accepted", 1040}, {"active", 3}, {"rescued", 2}, {"refused", 1}};
    list.rows = read_rows(list.data);
    Opened monit(std::move(list));
    const std::string text = monit.text(size);
    INFO(text);
    for (const char* part : {"Connections active   3", "Connections handed   41", "Connections accepted 1040",
                             "Connections rescued  2", "Connections refused  1"}) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
    CHECK(text.find("Uptime") < text.find("Connections active"));
    CHECK(text.find("Connections refused") < text.find("Script path"));
    monit.type(U"j");
    CHECK_FALSE(monit.shows("Connections", size));
}

TEST_CASE("view: metrics are shown with their units, strange ones too", "[unit][monit]") {
    Opened monit(list_of({{.id = 0,
                           .name = "web",
                           .metrics = {{"Heap Size", {{"value", "12.5"}, {"unit", "MiB"}}},
                                       {"requests", {{"value", 42}}},
                                       {"evil\x1b[2J", {{"value", "x\ny"}}},
                                       {"plain", 7}}}}));
    const Size size{100, 40};
    CHECK(monit.shows("12.5 MiB", size));
    CHECK(monit.shows("requests", size));
    CHECK(monit.shows("42", size));
    CHECK(monit.shows("xy", size));
    CHECK_FALSE(monit.shows("[2J", size));
}

TEST_CASE("view: logs are wrapped, coloured by stream, the newest at the bottom", "[unit][monit]") {
    Opened monit;
    monit.model.add_log(0, false, "first " + std::string(40, 'x') + "END\n");
    monit.model.add_log(0, true, "failure\n");
    Canvas canvas = monit.screen();
    CHECK(line_with(canvas, "first") == 1);
    CHECK(line_with(canvas, "END") == 2);
    CHECK(line_with(canvas, "failure") == 3);
    CHECK(look_of(canvas, 3, U'f').colour == Colour::Red);
    for (int i = 0; i < 100; ++i) monit.model.add_log(0, false, "n" + std::to_string(i) + "\n");
    canvas = monit.screen();
    CHECK(line_with(canvas, "│n99") == 13);
    CHECK(line_with(canvas, "failure") == -1);
    monit.press(KeyName::Right);
    monit.press(KeyName::Home);
    canvas = monit.screen();
    CHECK(line_with(canvas, "first") == 1);
    CHECK(monit.shows("before the end", {120, 30}));
    monit.press(KeyName::End);
    CHECK(line_with(monit.screen(), "│n99") == 13);
}

TEST_CASE("view: a long list shows the selected one", "[unit][monit]") {
    std::vector<App> apps;
    for (int i = 0; i < 500; ++i) apps.push_back({.id = i, .name = "app" + std::to_string(i)});
    Opened monit(list_of(apps));
    CHECK(monit.shows(" app0 "));
    monit.press(KeyName::End);
    CHECK(monit.shows("499 app499"));
    CHECK_FALSE(monit.shows(" app0 "));
    monit.press(KeyName::PageUp);
    CHECK(monit.shows("489 app489"));
}

TEST_CASE("view: the status line says what goes on", "[unit][monit]") {
    Opened monit;
    const auto status = [&](std::int64_t now = kNow) { return monit.screen({80, 24}, now).row(22); };
    CHECK(status().empty());
    monit.type(U"/we");
    CHECK(status() == " names with: we");
    monit.press(KeyName::Enter);
    monit.type(U"x");
    CHECK(status() == " stop 'web' (id 0)? y / n");
    monit.type(U"n");
    CHECK(status() == " 'web' (id 0) is left running");
    CHECK(status(kNow + 10'001).empty());
    monit.model.set_connection(Connection::Lost, kNow);
    CHECK(status().starts_with(" the daemon is gone"));
    CHECK(look_of(monit.screen(), 22, U'd').colour == Colour::Red);
    monit.model.set_connection(Connection::Silent, kNow);
    CHECK(status().starts_with(" the daemon does not answer"));
    monit.model.set_connection(Connection::Live, kNow);
    CHECK(status() == " connected to the daemon again");
}

TEST_CASE("view: a long error takes the line of the keys, too", "[unit][monit]") {
    Opened monit;
    monit.model.say("cannot restart 'web': " + std::string(80, 'x') + " the reason", true, kNow);
    CHECK(monit.screen().row(23).ends_with("x the reason"));
    CHECK(monit.screen({80, 24}, kNow + 60'001).row(23).ends_with("q quit"));
    monit.model.say(std::string(1000, 'x'), true, kNow);
    CHECK(display_width(monit.screen().row(23)) == 79);
}

TEST_CASE("view: help lists the keys", "[unit][monit]") {
    Opened monit;
    monit.type(U"?");
    for (const char* part :
         {"Keys", "reload it", "stop it; asks before", "Ctrl-Z", "quit", "any key closes this"}) {
        INFO(part);
        CHECK(monit.shows(part));
    }
}

TEST_CASE("view: without processes or a connection there is something to read", "[unit][monit]") {
    CHECK(Opened(list_of({})).shows("no processes"));
    Opened monit;
    monit.type(U"/zzz");
    CHECK(monit.shows("no name has this in it"));
    Opened fresh;
    fresh.model = Model();
    CHECK(fresh.shows("connecting to the daemon"));
}

TEST_CASE("view: nothing that an app can name itself or print steers the terminal", "[unit][monit]") {
    const std::string evil =
        "e\x1b[2J\x1b]0;t\x07\r\n\x9b\xc2\x9b"
        "31m\u202e\xff\xfe日\x7f";
    Opened monit(list_of({{.id = 0,
                           .name = evil,
                           .status = evil,
                           .metrics = {{"m", {{"value", "\x1b[5m"}, {"unit", "\x07"}}}}}}));
    monit.model.add_log(0, true, evil + "\n");
    monit.model.say(evil, true, kNow);
    for (const Mode mode : {Mode::Browse, Mode::Help, Mode::ConfirmStop, Mode::Filter}) {
        if (mode == Mode::Help) monit.type(U"?");
        if (mode == Mode::ConfirmStop) monit.type(U" x");
        if (mode == Mode::Filter) monit.type(U"n/e");
        CHECK(monit.model.mode() == mode);
        const Canvas canvas = monit.screen({100, 30});
        for (int y = 0; y < 30; ++y) {
            for (int x = 0; x < 100; ++x) {
                for (const char32_t c : canvas.at({x, y}).text)
                    REQUIRE((c == 0 || (c >= 0x20 && !(c >= 0x7F && c <= 0x9F) && c != 0x202E)));
            }
        }
    }
}

}  // namespace kpm::cli::monit

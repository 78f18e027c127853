#include "cli/monit/monit_model.h"

#include <catch2/catch.hpp>

#include "fixture.h"

namespace kpm::cli::monit {
namespace {

template <class T>
bool is(const Effect& effect) {
    return std::holds_alternative<T>(effect);
}

}  // namespace

TEST_CASE("model: q, Escape and Ctrl-C quit", "[unit][monit]") {
    CHECK(is<Quit>(Opened().type(U"q")));
    CHECK(is<Quit>(Opened().press(KeyName::Escape)));
    CHECK(is<Quit>(Opened().press(KeyName::Interrupt)));
}

TEST_CASE("model: arrows and j, k select in the list", "[unit][monit]") {
    Opened monit;
    CHECK(monit.selected() == "web");
    monit.press(KeyName::Down);
    CHECK(monit.selected() == "api");
    monit.type(U"j");
    CHECK(monit.selected() == "worker");
    monit.type(U"k");
    monit.press(KeyName::Up);
    CHECK(monit.selected() == "web");
    monit.press(KeyName::End);
    CHECK(monit.selected() == "worker");
    monit.press(KeyName::Home);
    CHECK(monit.selected() == "web");
}

TEST_CASE("model: left and right mark the panes in turn", "[unit][monit]") {
    Opened monit;
    for (const Pane pane : {Pane::Logs, Pane::Metrics, Pane::Metadata, Pane::List}) {
        monit.press(KeyName::Right);
        CHECK(monit.model.focus() == pane);
    }
    monit.press(KeyName::Left);
    CHECK(monit.model.focus() == Pane::Metadata);
}

TEST_CASE("model: in another pane the arrows scroll it, not the list", "[unit][monit]") {
    Opened monit;
    monit.press(KeyName::Left);
    monit.press(KeyName::Down);
    CHECK(monit.model.scroll(Pane::Metadata) == 1);
    CHECK(monit.selected() == "web");
    monit.press(KeyName::End);
    const std::size_t end = monit.model.scroll(Pane::Metadata);
    monit.press(KeyName::Down);
    CHECK(monit.model.scroll(Pane::Metadata) == end);
    monit.press(KeyName::Up);
    CHECK(monit.model.scroll(Pane::Metadata) == end - 1);
}

TEST_CASE("model: logs that were scrolled to stay where they are", "[unit][monit]") {
    Opened monit;
    for (int i = 0; i < 50; ++i) monit.model.add_log(0, false, "line\n");
    monit.press(KeyName::Right);
    CHECK(monit.model.scroll(Pane::Logs) == 0);
    monit.press(KeyName::PageUp);
    CHECK(monit.model.scroll(Pane::Logs) == 10);
    monit.model.add_log(0, false, "one\ntwo\n");
    CHECK(monit.model.scroll(Pane::Logs) == 12);
    monit.model.add_log(1, false, "another app's\n");
    CHECK(monit.model.scroll(Pane::Logs) == 12);
    monit.press(KeyName::End);
    CHECK(monit.model.scroll(Pane::Logs) == 0);
}

TEST_CASE("model: another process starts unscrolled", "[unit][monit]") {
    Opened monit;
    for (int i = 0; i < 50; ++i) monit.model.add_log(0, false, "line\n");
    monit.press(KeyName::Right);
    monit.press(KeyName::PageUp);
    monit.press(KeyName::Left);
    monit.press(KeyName::Down);
    CHECK(monit.model.scroll(Pane::Logs) == 0);
}

TEST_CASE("model: a filter is typed, kept by Enter, dropped by Escape", "[unit][monit]") {
    Opened monit;
    CHECK(is<Nothing>(monit.type(U"/wOq")));  // letters are no commands here
    CHECK(monit.model.mode() == Mode::Filter);
    CHECK(monit.names().empty());
    monit.press(KeyName::Backspace);
    CHECK(monit.names() == std::vector<std::string>{"worker"});
    CHECK(monit.selected() == "worker");
    monit.press(KeyName::Enter);
    CHECK(monit.model.mode() == Mode::Browse);
    CHECK(monit.names() == std::vector<std::string>{"worker"});
    monit.type(U"/");
    CHECK(is<Nothing>(monit.press(KeyName::Escape)));
    CHECK(monit.names().size() == 3);
    monit.type(U"/é");
    CHECK(monit.model.apps().filter() == "é");
    monit.press(KeyName::Backspace);
    CHECK(monit.model.apps().filter().empty());
    CHECK(is<Quit>(monit.press(KeyName::Interrupt)));
}

TEST_CASE("model: what is typed and no character becomes a replacement", "[unit][monit]") {
    Opened monit;
    monit.type(U"/" + std::u32string{0xD800, 0x110000});
    CHECK(monit.model.apps().filter() == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("model: a filter has a limit", "[unit][monit]") {
    Opened monit;
    monit.type(U"/" + std::u32string(1000, U'x'));
    CHECK(monit.model.apps().filter().size() == 64);
}

TEST_CASE("model: r restarts and R reloads the selected process", "[unit][monit]") {
    Opened monit;
    monit.press(KeyName::Down);
    const Effect restart = monit.type(U"r");
    REQUIRE(is<Task>(restart));
    CHECK(std::get<Task>(restart).verb == Verb::Restart);
    CHECK(std::get<Task>(restart).id == 1);
    CHECK(monit.model.notice().text == "restarting 'api' (id 1) …");
    monit.model.finish(std::get<Task>(restart), "", kNow);
    CHECK(monit.model.notice().text == "restarted 'api' (id 1)");
    const Effect reload = monit.type(U"R");
    REQUIRE(is<Task>(reload));
    CHECK(std::get<Task>(reload).verb == Verb::Reload);
}

TEST_CASE("model: a stop is asked about first", "[unit][monit]") {
    Opened monit;
    CHECK(is<Nothing>(monit.type(U"x")));
    CHECK(monit.model.mode() == Mode::ConfirmStop);
    CHECK(is<Nothing>(monit.type(U"n")));
    CHECK(monit.model.mode() == Mode::Browse);
    monit.type(U"x");
    CHECK(is<Nothing>(monit.press(KeyName::Escape)));
    monit.type(U"x");
    // The question stays about the process that it was about, whatever the list does meanwhile.
    monit.model.update(list_of({{.id = 7, .name = "new"}}));
    const Effect stop = monit.type(U"y");
    REQUIRE(is<Task>(stop));
    CHECK(std::get<Task>(stop).verb == Verb::Stop);
    CHECK(std::get<Task>(stop).name == "web");
}

TEST_CASE("model: one action at a time for a process", "[unit][monit]") {
    Opened monit;
    const Effect first = monit.type(U"r");
    REQUIRE(is<Task>(first));
    CHECK(is<Nothing>(monit.type(U"r")));
    CHECK(monit.model.notice().text == "cannot restart 'web': the action before is still under way");
    monit.press(KeyName::Down);
    CHECK(is<Task>(monit.type(U"r")));
    monit.press(KeyName::Up);
    monit.model.finish(std::get<Task>(first), "", kNow);
    CHECK(is<Task>(monit.type(U"r")));
}

TEST_CASE("model: failures are told with the object and the reason", "[unit][monit]") {
    Opened monit;
    const Task task = std::get<Task>(monit.type(U"r"));
    monit.model.finish(task, "script gone", kNow);
    CHECK(monit.model.notice().text == "cannot restart 'web': script gone");
    CHECK(monit.model.notice().is_error);
    monit.model.finish(task, "cannot start 'web': exit code 3", kNow);
    CHECK(monit.model.notice().text == "cannot start 'web': exit code 3");
}

TEST_CASE("model: without a daemon nothing is asked of it", "[unit][monit]") {
    Opened monit;
    monit.model.set_connection(Connection::Lost, kNow);
    CHECK(is<Nothing>(monit.type(U"r")));
    CHECK(monit.model.notice().text == "cannot restart 'web': there is no connection to the daemon");
    monit.model.set_connection(Connection::Live, kNow);
    CHECK(monit.model.notice().text.starts_with("connected to the daemon again"));
    CHECK(is<Task>(monit.type(U"r")));
}

TEST_CASE("model: with no process there is nothing to act on", "[unit][monit]") {
    Opened monit(list_of({}));
    CHECK(is<Nothing>(monit.type(U"rRx")));
    CHECK(monit.model.mode() == Mode::Browse);
    for (int pane = 0; pane < kPanes; ++pane) {
        for (const KeyName key : {KeyName::Up, KeyName::Down, KeyName::Home, KeyName::End}) monit.press(key);
        monit.press(KeyName::Right);
    }
    CHECK(monit.selected().empty());
}

TEST_CASE("model: help is closed by any key", "[unit][monit]") {
    for (const std::u32string_view key : {U"?", U"h"}) {
        Opened monit;
        monit.type(key);
        CHECK(monit.model.mode() == Mode::Help);
        CHECK(is<Nothing>(monit.press(KeyName::Escape)));
        CHECK(monit.model.mode() == Mode::Browse);
    }
    Opened monit;
    monit.type(U"?");
    CHECK(is<Quit>(monit.type(U"q")));
}

TEST_CASE("model: logs of a process that is gone are forgotten", "[unit][monit]") {
    Opened monit;
    monit.model.add_log(1, false, "text\n");
    monit.model.update(list_of({{.id = 0, .name = "web"}}));
    CHECK(monit.model.logs().lines(1).empty());
    // Lines may come before the list that has the process.
    monit.model.add_log(9, false, "early\n");
    monit.model.update(list_of({{.id = 9, .name = "new"}}));
    CHECK(monit.model.logs().lines(9).size() == 1);
}

}  // namespace kpm::cli::monit

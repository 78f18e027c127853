#include "cli/list_view.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "golden.h"

namespace kpm::cli {
namespace {

// A moment at which what the golden data has online since 2020 is up for six years.
constexpr std::int64_t kNow = 1795496217447;

ListLook look(int width, bool colour, std::string sort = "name") {
    return {{.is_tty = colour, .colour = colour, .width = width}, std::move(sort), kNow};
}

// Two cells differ on purpose (docs/pm2-differences.md): a name of wide characters is padded by columns, not
// by UTF-16 units; and on a terminal PM2 cuts the escape codes of a status too long for its column instead of
// the text.
std::string comparable(const std::string& text, bool on_terminal) {
    std::string result;
    std::stringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("日本語") != std::string::npos) continue;
        if (on_terminal && line.find("waiter") != std::string::npos) continue;
        result += line + "\n";
    }
    return result;
}

struct Sample {
    Json data = golden_json("monitor_data.json");
    std::vector<ProcessRow> rows = read_rows(data);
};

}  // namespace

TEST_CASE("list: a pipe gets the whole table without colour", "[unit][cli][list]") {
    CHECK(comparable(list_text(Sample().rows, Json::object(), look(300, false)), false) ==
          comparable(golden("list_pipe.txt"), false));
}

TEST_CASE("list: rows are in the order asked for", "[unit][cli][list]") {
    CHECK(comparable(list_text(Sample().rows, Json::object(), look(300, false, "memory:desc")), false) ==
          comparable(golden("list_by_memory.txt"), false));
    CHECK(comparable(list_text(Sample().rows, Json::object(), look(300, false, "nonsense")), false) ==
          comparable(golden("list_pipe.txt"), false));
}

TEST_CASE("list: narrower terminals get fewer columns", "[unit][cli][list]") {
    CHECK(comparable(list_text(Sample().rows, Json::object(), look(60, true)), true) ==
          comparable(golden("list_60.txt"), true));
    const std::string full = list_text(Sample().rows, Json::object(), look(164, false));
    CHECK(comparable(full, false) == comparable(golden("list_pipe.txt"), false));
    CHECK(list_text(Sample().rows, Json::object(), look(163, false)) != full);
    const auto head_at = [](int width) {
        const std::string text = list_text(Sample().rows, Json::object(), look(width, false));
        return text.substr(text.find('\n') + 1, 40);
    };
    CHECK(head_at(79) == head_at(163));
    CHECK(head_at(78) == head_at(60));
}

TEST_CASE("list: colours on a terminal are PM2's to the byte", "[unit][cli][list]") {
    for (const int width : {200, 120}) {
        const std::string text = list_text(Sample().rows, Json::object(), look(width, true));
        CHECK(comparable(text, true) == comparable(golden("list_" + std::to_string(width) + ".txt"), true));
        CHECK(text.find("\x1b[31m\x1b[1mwaiting …\x1b[22m\x1b[39m") != std::string::npos);
    }
}

TEST_CASE("list: without processes there is only the head", "[unit][cli][list]") {
    const Json system = golden_json("system_data.json");
    CHECK(list_text({}, system, look(300, false)) == golden("list_empty_pipe.txt"));
    CHECK(list_text({}, system, look(80, true)) == golden("list_empty_80.txt"));
}

TEST_CASE("list: modules have a table of their own, the host a line", "[unit][cli][list]") {
    const Json data = golden_json("monitor_data_module.json");
    const Json system = golden_json("system_data.json");
    CHECK(list_text(read_rows(data), system, look(300, false)) == golden("list_module.txt"));
    CHECK(list_text(read_rows(data), system, look(200, true)) == golden("list_module_200.txt"));
}

TEST_CASE("list: errors and drops of an interface with traffic are told, both ways together",
          "[unit][cli][list]") {
    const Json system{{"CPU Usage", {{"value", 10}}},
                      {"net:rx_5:eth0", {{"value", 1}}},
                      {"net:tx_5:eth0", {{"value", 0}}},
                      {"net:rx_errors_60:eth0", {{"value", 2}}},
                      {"net:tx_errors_60:eth0", {{"value", 1}}},
                      {"net:rx_dropped_60:eth0", {{"value", 0}}},
                      {"net:tx_dropped_60:eth0", {{"value", 12}}}};
    CHECK(list_text({}, system, look(300, false)).find("eth0: ⇓ 1mb/s ⇑ 0mb/s err 3/min drop 12/min\n") !=
          std::string::npos);
}

TEST_CASE("list: a name of wide characters does not shift the columns after it", "[unit][cli][list]") {
    std::stringstream lines(list_text(Sample().rows, Json::object(), look(300, false)));
    std::string head;
    std::getline(lines, head);
    for (std::string line; std::getline(lines, line);) CHECK(display_width(line) == display_width(head));
}

TEST_CASE("list: mini blocks keep the daemon's order", "[unit][cli][list]") {
    CHECK(mini_list_text(Sample().rows, kNow) == golden("mini.txt"));
}

TEST_CASE("list: a name cannot send control characters to the terminal", "[unit][cli][list]") {
    const Json data = Json::array({{{"name", "evil\x1b[2J\x07\nname"},
                                    {"pm_id", 0},
                                    {"pm2_env",
                                     {{"status", "online\x1b[H"},
                                      {"username",
                                       "\xc2\x9b"
                                       "31mroot"}}}}});
    for (const std::string& text : {list_text(read_rows(data), Json::object(), look(300, false)),
                                    mini_list_text(read_rows(data), kNow)}) {
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find('\x07') == std::string::npos);
        CHECK(text.find("\xc2\x9b") == std::string::npos);
        CHECK(text.find("evil[2Jname") != std::string::npos);
    }
}

TEST_CASE("list: a row with nothing but a name is listed", "[unit][cli][list]") {
    const Json data = Json::array({{{"name", "bare"}}, Json(3), Json::object()});
    const auto rows = read_rows(data);
    REQUIRE(rows.size() == 3);
    CHECK(list_text(rows, Json::object(), look(300, false)).find("bare") != std::string::npos);
    CHECK(read_rows(Json("text")).empty());
}

TEST_CASE("uptime: a unit begins at two of it", "[unit][cli][list]") {
    ProcessRow row;
    row.status = "online";
    const auto after = [&](std::int64_t seconds) {
        row.online_since = kNow - seconds * 1000;
        return uptime_text(row, kNow);
    };
    CHECK(after(0) == "0s");
    CHECK(after(119) == "119s");
    CHECK(after(120) == "2m");
    CHECK(after(7199) == "119m");
    CHECK(after(7200) == "2h");
    CHECK(after(86400) == "24h");
    CHECK(after(172800) == "2D");
    CHECK(after(2592000) == "30D");
    CHECK(after(63072000) == "2Y");
    row.status = "stopped";
    CHECK(after(500) == "0");
}

}  // namespace kpm::cli

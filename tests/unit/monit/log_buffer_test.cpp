#include "cli/monit/log_buffer.h"

#include <catch2/catch.hpp>
#include <vector>

namespace kpm::cli::monit {
namespace {

std::vector<std::string> texts(const LogBuffer& logs, std::int64_t app) {
    std::vector<std::string> result;
    for (const LogLine& line : logs.lines(app)) result.push_back((line.is_error ? "! " : "") + line.text);
    return result;
}

}  // namespace

TEST_CASE("logs: pieces become lines of their app", "[unit][monit]") {
    LogBuffer logs;
    CHECK(logs.add(1, false, "one\ntwo\n").lines == 2);
    CHECK(logs.add(1, true, "oh\n").lines == 1);
    CHECK(logs.add(2, false, "other\n").lines == 1);
    CHECK(texts(logs, 1) == std::vector<std::string>{"one", "two", "! oh"});
    CHECK(texts(logs, 2) == std::vector<std::string>{"other"});
    CHECK(logs.lines(3).empty());
}

TEST_CASE("logs: an unterminated line is continued by its own stream", "[unit][monit]") {
    LogBuffer logs;
    logs.add(1, false, "do");
    CHECK(logs.add(1, false, "ne\nnext").lines == 1);
    logs.add(1, true, "error\n");
    logs.add(1, false, "new\n");
    CHECK(texts(logs, 1) == std::vector<std::string>{"done", "next", "! error", "new"});
}

TEST_CASE("logs: empty lines are left out, text is cleaned", "[unit][monit]") {
    LogBuffer logs;
    CHECK(logs.add(1, false, "\n\na\x1b[2J\n\x1b[31m\n").lines == 1);
    CHECK(texts(logs, 1) == std::vector<std::string>{"a"});
}

TEST_CASE("logs: the last lines of an app are kept, each of limited length", "[unit][monit]") {
    LogBuffer logs({.lines_per_app = 3, .line_size = 4});
    for (const char* text : {"1\n", "2\n", "3\n", "4\n", "123456789\n"}) logs.add(1, false, text);
    CHECK(texts(logs, 1) == std::vector<std::string>{"3", "4", "1234"});
    // One that never ends does not grow for ever either.
    for (int i = 0; i < 100; ++i) logs.add(1, false, "xxx");
    CHECK(logs.lines(1).size() == 3);
    for (const LogLine& line : logs.lines(1)) CHECK(line.text.size() <= 4);
}

TEST_CASE("logs: all together are bounded, and the loudest app pays", "[unit][monit]") {
    LogBuffer logs({.lines_per_app = 1000, .line_size = 1000, .total_size = 50'000});
    logs.add(1, false, "quiet\n");
    for (int i = 0; i < 10'000; ++i) logs.add(2, false, std::string(100, 'x') + "\n");
    CHECK(logs.total_size() <= 50'000);
    CHECK(texts(logs, 1) == std::vector<std::string>{"quiet"});
    CHECK(logs.lines(2).size() > 50);
}

TEST_CASE("logs: those of an app that is gone take no room", "[unit][monit]") {
    LogBuffer logs;
    logs.add(1, false, "text\n");
    CHECK(logs.total_size() > 0);
    logs.forget(1);
    logs.forget(7);
    CHECK(logs.total_size() == 0);
    CHECK(logs.lines(1).empty());
}

}  // namespace kpm::cli::monit

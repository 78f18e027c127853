#include "cli/log_tail.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kpm::cli {
namespace {

class LogFile {
public:
    explicit LogFile(const std::string& text) {
        char pattern[] = "/tmp/kpm-log-XXXXXX";
        close(mkstemp(pattern));
        path_ = pattern;
        std::ofstream(path_, std::ios::binary) << text;
    }
    ~LogFile() { std::filesystem::remove(path_); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    std::vector<std::string> last(std::size_t count) const { return *last_lines(path_, count); }

private:
    std::string path_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("log tail: the last lines, oldest first", "[unit][cli][logs]") {
    const LogFile file("a\nb\nc\n");
    CHECK(file.last(2) == Lines{"b", "c"});
    CHECK(file.last(3) == Lines{"a", "b", "c"});
    CHECK(file.last(99) == Lines{"a", "b", "c"});
    CHECK(file.last(0).empty());
}

TEST_CASE("log tail: empty and unterminated lines count", "[unit][cli][logs]") {
    CHECK(LogFile("a\n\nb").last(2) == Lines{"", "b"});
    CHECK(LogFile("a\n\n").last(2) == Lines{"a", ""});
    CHECK(LogFile("\n").last(5) == Lines{""});
    CHECK(LogFile("").last(5).empty());
}

TEST_CASE("log tail: lines longer than a block are whole", "[unit][cli][logs]") {
    const std::string line(200000, 'x');
    CHECK(LogFile("first\n" + line + "\n" + line).last(2) == Lines{line, line});
}

TEST_CASE("log tail: more lines than there can be are all of them", "[unit][cli][logs]") {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i) + "\n";
    const LogFile file(text);  // some blocks
    const Lines all = file.last(20'000);
    REQUIRE(all.size() == 20'000);
    CHECK(all.front() == "line 0");
    CHECK(all[13'000] == "line 13000");
    CHECK(all.back() == "line 19999");
    CHECK(file.last(std::size_t{1} << 44) == all);
    CHECK(file.last(SIZE_MAX) == all);
}

TEST_CASE("log tail: a missing file is an error", "[unit][cli][logs]") {
    CHECK(last_lines("/nonexistent/x.log", 3).error().code == ErrorCode::NotFound);
}

}  // namespace kpm::cli

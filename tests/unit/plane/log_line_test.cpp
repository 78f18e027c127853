#include "daemon/core/log_line.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

struct Collected {
    LineAssembler assembler;
    std::vector<std::string> lines;

    LineAssembler::Sink sink() {
        return [this](std::string_view line) { lines.emplace_back(line); };
    }
    void feed(std::string_view bytes) { assembler.feed(bytes, sink()); }
    void finish() { assembler.finish(sink()); }
};

std::string styled(std::string_view line, const LineStyle& style) {
    std::string out;
    append_line(out, line, style, WallTime{1714559405123ms}, 2h);
    return out;
}

}  // namespace

TEST_CASE("log line: lines are whole, whatever the chunks", "[unit][log_line]") {
    const std::string text = "first\n\nthird line\r\nlast without newline";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        CAPTURE(size);
        Collected got;
        for (std::size_t at = 0; at < text.size(); at += size)
            got.feed(std::string_view(text).substr(at, size));
        CHECK(got.lines == std::vector<std::string>{"first\n", "\n", "third line\r\n"});
        got.finish();
        REQUIRE(got.lines.size() == 4);
        CHECK(got.lines.back() == "last without newline");
        CHECK(got.assembler.buffered() == 0);
    }
}

TEST_CASE("log line: a finished stream without a rest adds no line", "[unit][log_line]") {
    Collected got;
    got.feed("a\n");
    got.finish();
    CHECK(got.lines == std::vector<std::string>{"a\n"});
}

TEST_CASE("log line: an endless line comes in pieces, the buffer stays bounded", "[unit][log_line]") {
    Collected got;
    const std::string chunk(100'000, 'x');
    for (int i = 0; i < 25; ++i) {
        got.feed(chunk);
        CHECK(got.assembler.buffered() < kMaxLogLine);
    }
    got.feed("\n");
    std::size_t total = 0;
    for (const std::string& line : got.lines) total += line.size();
    CHECK(total == 25 * chunk.size() + 1);
    REQUIRE(got.lines.size() == 3);
    CHECK(got.lines[0].size() == kMaxLogLine);
    CHECK(got.lines[2].ends_with('\n'));
}

TEST_CASE("log line: a line of exactly the limit is one piece", "[unit][log_line]") {
    Collected got;
    got.feed(std::string(kMaxLogLine - 1, 'x'));
    CHECK(got.lines.empty());
    got.feed("\nnext\n");
    REQUIRE(got.lines.size() == 2);
    CHECK(got.lines[0].size() == kMaxLogLine);
    CHECK(got.lines[1] == "next\n");
}

TEST_CASE("log line: raw and timestamped keep every byte", "[unit][log_line]") {
    const std::string bytes("\0\xff\x1b[31mred\r\n", 12);
    CHECK(styled(bytes, {}) == bytes);
    CHECK(styled(bytes, {.format = LogFormat::Timestamped, .date_format = {}, .app_name = {}}) ==
          "2024-05-01T12:30:05: " + bytes);
    CHECK(styled("end", {.format = LogFormat::Timestamped, .date_format = "HH:mm Z", .app_name = {}}) ==
          "12:30 +02:00: end\n");
}

TEST_CASE("log line: JSON has PM2's keys in PM2's order", "[unit][log_line]") {
    const LineStyle style{.format = LogFormat::Json,
                          .date_format = {},
                          .stream = LogStream::Err,
                          .pm_id = 3,
                          .app_name = "web"};
    CHECK(
        styled("say \"hi\"\n", style) ==
        R"({"message":"say \"hi\"\n","timestamp":"2024-05-01T10:30:05.123Z","type":"err","process_id":3,"app_name":"web"})"
        "\n");
}

TEST_CASE("log line: JSON stays valid for bytes that are no UTF-8", "[unit][log_line]") {
    const std::string line =
        styled("a\xff\n", {.format = LogFormat::Json, .date_format = "HH", .app_name = "x"});
    CHECK(line.find("\"message\":\"a\xEF\xBF\xBD\\n\",\"timestamp\":\"12\"") != std::string::npos);
}

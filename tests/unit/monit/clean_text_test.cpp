#include "cli/monit/clean_text.h"

#include <catch2/catch.hpp>
#include <string>

#include "cli/terminal.h"

namespace kpm::cli::monit {

TEST_CASE("clean text: plain text and UTF-8 stay", "[unit][monit]") {
    CHECK(clean_text("web-1 é 日本 🚀") == "web-1 é 日本 🚀");
    CHECK(clean_text("").empty());
}

TEST_CASE("clean text: escape sequences go as a whole", "[unit][monit]") {
    CHECK(clean_text("a\x1b[31mred\x1b[0m") == "ared");
    CHECK(clean_text("a\x1b[2J\x1b[1;1Hb") == "ab");
    CHECK(clean_text("a\x1b]0;title\x07z") == "az");
    CHECK(clean_text("a\x1b]0;title\x1b\\z") == "az");
    CHECK(clean_text("a\x1bPdevice\x1b\\z") == "az");
    CHECK(clean_text("a\x1b(Bz") == "az");
    CHECK(clean_text("a\x1b"
                     "cz") == "az");
    CHECK(clean_text("a\xc2\x9b"
                     "31mz") == "az");
}

TEST_CASE("clean text: a sequence that does not end takes nothing of the terminal", "[unit][monit]") {
    CHECK(clean_text("a\x1b") == "a");
    CHECK(clean_text("a\x1b[") == "a");
    CHECK(clean_text("a\x1b[12") == "a");
    CHECK(clean_text("a\x1b]0;endless") == "a");
    CHECK(clean_text("a\x1b]0;x\x1b[31mz") == "az");
}

TEST_CASE("clean text: control characters and invisible ones go, tabs are blanks", "[unit][monit]") {
    CHECK(clean_text("a\r\n\x07\x08\x7f z") == "a z");
    CHECK(clean_text("a\tz") == "a    z");
    CHECK(clean_text("a\u202ez\u200b\ufeff\u2066\u00ad") == "az");
    CHECK(clean_text(std::string("a\0z", 3)) == "az");
    CHECK(clean_text("a\u0085z") == "az");
}

TEST_CASE("clean text: what is no UTF-8 becomes a mark", "[unit][monit]") {
    CHECK(clean_text("a\xffz") == "a\ufffdz");
    CHECK(clean_text("a\x9bz") == "a\ufffdz");
    CHECK(clean_text("a\xe6\x97") == "a\ufffd\ufffd");
    CHECK(clean_text("a\xed\xa0\x80z") == "a\ufffdz");
    CHECK(clean_text("a\xf4\x9f\xbf\xbfz") == "a\ufffdz");
    // An overlong form of ESC and of U+009B.
    CHECK(clean_text("a\xe0\x80\x9b[2Jz").find('\x1b') == std::string::npos);
    CHECK(clean_text("a\xe0\x82\x9b"
                     "2Jz") == "az");
}

TEST_CASE("clean text: any bytes give text without control characters", "[unit][monit]") {
    std::string bytes;
    unsigned state = 1;
    for (int i = 0; i < 20'000; ++i) {
        state = state * 1664525u + 1013904223u;
        bytes += static_cast<char>(state >> 24);
    }
    const std::string clean = clean_text(bytes);
    for (std::size_t at = 0; at < clean.size();) {
        const CodePoint c = code_point_at(clean, at);
        REQUIRE(c.value >= 0x20);
        REQUIRE_FALSE((c.value >= 0x7F && c.value <= 0x9F));
        REQUIRE_FALSE((c.size == 1 && c.value >= 0x80));
        at += c.size;
    }
    CHECK(clean_text(clean) == clean);
}

}  // namespace kpm::cli::monit

#include "cli/monit/canvas.h"

#include <catch2/catch.hpp>

#include "cli/monit/panes.h"

namespace kpm::cli::monit {

TEST_CASE("canvas: text is cut to its room by columns", "[unit][monit]") {
    Canvas canvas({10, 3});
    CHECK(canvas.write({1, 0}, 5, "abc") == 3);
    CHECK(canvas.write({1, 1}, 5, "abcdefgh") == 5);
    CHECK(canvas.write({0, 2}, 5, "日本語") == 5);
    CHECK(canvas.row(0) == " abc");
    CHECK(canvas.row(1) == " abcd…");
    CHECK(canvas.row(2) == "日本…");
    CHECK(canvas.at({0, 2}).is_wide);
    CHECK(canvas.at({1, 2}).is_tail);
    CHECK(canvas.write({0, 0}, 0, "abc") == 0);
    CHECK(canvas.write({0, 0}, -3, "abc") == 0);
}

TEST_CASE("canvas: nothing is written outside", "[unit][monit]") {
    Canvas canvas({4, 2});
    canvas.write({2, 0}, 10, "abcdef");
    canvas.write({0, 5}, 10, "below");
    canvas.write({-2, 1}, 10, "abcdef");
    canvas.write({3, 1}, 10, "日");
    CHECK(canvas.row(0) == "  ab");
    CHECK(canvas.row(1) == "cdef");
    Canvas nothing({-1, 0});
    nothing.write({0, 0}, 5, "abc");
    nothing.frame({0, 0, 5, 5}, "title", {});
    CHECK(nothing.size() == Size{0, 0});
}

TEST_CASE("canvas: a wide character that loses a half is gone", "[unit][monit]") {
    Canvas canvas({6, 1});
    canvas.write({0, 0}, 6, "日本語");
    canvas.write({1, 0}, 1, "x");
    CHECK(canvas.row(0) == " x本語");
    canvas.write({4, 0}, 1, "y");
    CHECK(canvas.row(0) == " x本y");
}

TEST_CASE("canvas: control characters do not get in, marks stay with their letter", "[unit][monit]") {
    Canvas canvas({20, 2});
    canvas.write({0, 0}, 20, "a\x1b[31m\x07\tb");
    CHECK(canvas.row(0) == "a    b");
    CHECK(canvas.write({0, 1}, 20, "e\u0301x") == 2);
    CHECK(canvas.at({0, 1}).text[1] == U'\u0301');
    CHECK(canvas.row(1) == "e\u0301x");
    canvas.write({0, 1}, 20, "e\u0301\u0302\u0303\u0304");  // more marks than a cell has room for
    CHECK(canvas.at({0, 1}).text[2] == U'\u0302');
}

TEST_CASE("canvas: right-aligned text ends at the edge", "[unit][monit]") {
    Canvas canvas({8, 2});
    canvas.write_right({0, 0}, 8, "日本");
    canvas.write_right({0, 1}, 4, "abcdefgh");
    CHECK(canvas.row(0) == "    日本");
    CHECK(canvas.row(1) == "abc…");
}

TEST_CASE("canvas: a frame has its title in the upper edge", "[unit][monit]") {
    Canvas canvas({12, 3});
    canvas.frame({0, 0, 12, 3}, "title", {Colour::Blue});
    CHECK(canvas.row(0) == "┌ title ───┐");
    CHECK(canvas.row(1) == "│          │");
    CHECK(canvas.row(2) == "└──────────┘");
    CHECK(canvas.at({0, 0}).look.colour == Colour::Blue);
}

TEST_CASE("wrap: pieces have at most the width", "[unit][monit]") {
    CHECK(wrap("abcdefg", 3) == std::vector<std::string_view>{"abc", "def", "g"});
    CHECK(wrap("日本語", 5) == std::vector<std::string_view>{"日本", "語"});
    CHECK(wrap("日本", 1) == std::vector<std::string_view>{"日", "本"});
    CHECK(wrap("", 5) == std::vector<std::string_view>{""});
    CHECK(wrap("abc", 3) == std::vector<std::string_view>{"abc"});
}

}  // namespace kpm::cli::monit

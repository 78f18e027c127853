#include "cli/terminal.h"

#include <catch2/catch.hpp>

#include "cli/table_view.h"

namespace kpm::cli {

TEST_CASE("terminal: width counts columns, not bytes", "[unit][cli][terminal]") {
    CHECK(display_width("abc") == 3);
    CHECK(display_width("↺…") == 2);
    CHECK(display_width("日本") == 4);
    CHECK(display_width("e\xcc\x81") == 1);
    CHECK(display_width("\x1b[1m\x1b[36mab\x1b[39m\x1b[22m") == 2);
    CHECK(display_width("\xff\xfe") == 2);
    CHECK(display_width("\x1b[1") == 0);
    for (const char* wide : {"⌚", "⚡", "✅", "⭐", "⏰", "🚀", "🪐", "🟢"}) {
        INFO(wide);
        CHECK(display_width(wide) == 2);
    }
    for (const char* narrow : {"✓", "☀", "⚙", "★", "─", "é", "ß"}) {
        INFO(narrow);
        CHECK(display_width(narrow) == 1);
    }
    CHECK(display_width("ที่") == 1);      // Thai: a consonant, two marks
    CHECK(display_width("שָׁלוֹם") == 4);   // Hebrew with points
    CHECK(display_width("مُحَمَّد") == 4);   // Arabic with vowels
    CHECK(display_width("हिन्दी") == 5);  // Devanagari: i and ii take a column each, the virama none
    CHECK(display_width("\U000E0100") == 0);
}

TEST_CASE("terminal: a name neither drives the terminal nor turns its text around", "[unit][cli][terminal]") {
    CHECK(printable("a\x1b[31m\n\x7f\xc2\x9b"
                    "b") == "a[31mb");
    // U+202E and U+2066: what follows would be shown from right to left, "exe.txt" as "txt.exe".
    CHECK(printable("a\u202etxt\u202c.\u2066"
                    "b\u2069") == "atxt.b");
    CHECK(printable("שלום é 日本") == "שלום é 日本");
}

TEST_CASE("terminal: what is cut ends in an ellipsis and is never wider than asked",
          "[unit][cli][terminal]") {
    CHECK(truncated("abcdef", 6) == "abcdef");
    CHECK(truncated("abcdef", 5) == "abcd…");
    CHECK(truncated("日本語", 4) == "日…");
    CHECK(display_width(truncated("日本語", 4)) <= 4);
}

TEST_CASE("terminal: styles nest", "[unit][cli][terminal]") {
    const Paint paint(true);
    CHECK(paint("x", {Style::Green, Style::Bold}) == "\x1b[32m\x1b[1mx\x1b[22m\x1b[39m");
    CHECK(paint("a" + paint("b", {Style::Cyan}) + "c", {Style::Green}) ==
          "\x1b[32ma\x1b[36mb\x1b[39m\x1b[32mc\x1b[39m");
    CHECK(Paint(false)("x", {Style::Green}) == "x");
}

TEST_CASE("table: columns without a width fit their cells", "[unit][cli][table]") {
    Table table;
    table.columns = {{"k"}, {"value"}};
    table.rows = {{{"key"}, {"1"}}};
    CHECK(render_table(table, Paint(false)) ==
          "┌─────┬───────┐\n│ k   │ value │\n├─────┼───────┤\n│ key │ 1     │\n└─────┴───────┘\n");
}

}  // namespace kpm::cli

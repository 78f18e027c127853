#include "daemon/core/line_reader.h"

#include <catch2/catch.hpp>
#include <string>

using kpm::core::LineReader;

TEST_CASE("line reader: lines come whole, however the bytes come", "[unit][plane]") {
    LineReader reader(100);
    reader.feed("on");
    CHECK_FALSE(reader.next());
    reader.feed("e\ntwo\n\nthr");
    CHECK(reader.next() == "one");
    CHECK(reader.next() == "two");
    CHECK(reader.next() == "");
    CHECK_FALSE(reader.next());
    reader.feed("ee\n");
    CHECK(reader.next() == "three");
    CHECK_FALSE(reader.next());
}

TEST_CASE("line reader: a line beyond the limit is told, what came before it is given out", "[unit][plane]") {
    LineReader reader(4);
    reader.feed("a\nbcde");
    CHECK(reader.next() == "a");
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.is_overlong());
    reader.feed("f");
    CHECK_FALSE(reader.next());
    CHECK(reader.is_overlong());
}

TEST_CASE("line reader: what a long line has needed is given back", "[unit][plane]") {
    constexpr std::size_t kLong = std::size_t{8} << 20;
    LineReader reader(kLong);
    const std::string half(kLong / 2, 'x');
    reader.feed(half);
    CHECK_FALSE(reader.next());
    reader.feed(half);
    const bool is_alone = GENERATE(true, false);
    reader.feed(is_alone ? "\n" : "\nnext");
    CHECK(reader.next()->size() == kLong);
    CHECK_FALSE(reader.next());
    if (!is_alone) {
        reader.feed(" line\nmore");
        CHECK(reader.next() == "next line");
        CHECK_FALSE(reader.next());
    }
    CHECK(reader.capacity() <= LineReader::kMostKept);
    reader.feed("\n");
    CHECK(reader.next() == (is_alone ? "" : "more"));
}

TEST_CASE("line reader: its memory stays while lines are short", "[unit][plane]") {
    LineReader reader(100'000);
    reader.feed(std::string(60'000, 'x') + "\n");
    REQUIRE(reader.next());
    CHECK_FALSE(reader.next());
    const std::size_t before = reader.capacity();
    reader.feed("short\n");
    REQUIRE(reader.next());
    CHECK_FALSE(reader.next());
    CHECK(reader.capacity() == before);
}

#include "daemon/core/line_reader.h"

#include <catch2/catch.hpp>

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

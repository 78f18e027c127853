#include "serve/byte_range.h"

#include <catch2/catch.hpp>

namespace kpm::serve {
namespace {

using Kind = ByteRange::Kind;

const ByteRange kWhole{Kind::Whole, 0, 10};
const ByteRange kNone{Kind::Unsatisfiable, 0, 0};

}  // namespace

TEST_CASE("range: first and last, open end, suffix", "[unit][serve]") {
    CHECK(parse_range("bytes=0-3", 10) == ByteRange{Kind::Part, 0, 4});
    CHECK(parse_range("bytes=9-9", 10) == ByteRange{Kind::Part, 9, 1});
    CHECK(parse_range("bytes=4-", 10) == ByteRange{Kind::Part, 4, 6});
    CHECK(parse_range("bytes=4-99", 10) == ByteRange{Kind::Part, 4, 6});
    CHECK(parse_range("bytes=-3", 10) == ByteRange{Kind::Part, 7, 3});
    CHECK(parse_range("bytes=-99", 10) == ByteRange{Kind::Part, 0, 10});
    CHECK(parse_range("Bytes= 0 - 3 ", 10) == ByteRange{Kind::Part, 0, 4});
}

TEST_CASE("range: what begins behind the end cannot be satisfied", "[unit][serve]") {
    CHECK(parse_range("bytes=10-", 10) == kNone);
    CHECK(parse_range("bytes=-0", 10) == kNone);
    CHECK(parse_range("bytes=0-", 0) == kNone);
    CHECK(parse_range("bytes=-5", 0) == kNone);
    CHECK(parse_range("bytes=99999999999999999999999-", 10) == kNone);
    CHECK(parse_range("bytes=5-99999999999999999999999", 10) == ByteRange{Kind::Part, 5, 5});
}

TEST_CASE("range: what is not understood means the whole file", "[unit][serve]") {
    for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=3-2", "bytes=a-b", "bytes=0-1,3-4",
                               "lines=0-1", "bytes=--1", "bytes=0x1-2", "bytes=-1-2", "bytes=+1-2"}) {
        INFO(header);
        CHECK(parse_range(header, 10) == kWhole);
    }
}

}  // namespace kpm::serve

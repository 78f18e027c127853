#include "daemon/core/record.h"

#include <catch2/catch.hpp>
#include <limits>

namespace kpm::core {

TEST_CASE("record: what is put is read back under its name", "[unit][record]") {
    RecordWriter writer;
    writer.put("state", 3);
    writer.put("lowest", std::numeric_limits<std::int64_t>::min());
    writer.put("failure", "cannot execute '/opt/app': No such file\nC:\\new\\\\");
    writer.put("empty", "");
    const std::string text = writer.take();
    const RecordReader reader(text);
    CHECK(reader.number("state") == 3);
    CHECK(reader.number("lowest") == std::numeric_limits<std::int64_t>::min());
    CHECK(reader.text("failure") == "cannot execute '/opt/app': No such file\nC:\\new\\\\");
    CHECK(reader.text("empty") == "");
    CHECK(reader.text("absent") == std::nullopt);
    CHECK(reader.number_or("absent", 7) == 7);
}

TEST_CASE("record: a prefix keeps the values of several things apart", "[unit][record]") {
    RecordWriter writer;
    writer.put("pid", 1);
    writer.set_prefix("old.");
    writer.put("pid", 2);
    const std::string text = writer.take();
    CHECK(text == "pid 1\nold.pid 2\n");
    RecordReader reader(text);
    CHECK(reader.number("pid") == 1);
    reader.set_prefix("old.");
    CHECK(reader.number("pid") == 2);
}

TEST_CASE("record: lines that are none and numbers that are none are passed over", "[unit][record]") {
    const RecordReader reader("\nnoise\npid 12x\nexit 1\nexit 2\ntail 5\\");
    CHECK(reader.number("pid") == std::nullopt);
    CHECK(reader.number("exit") == 2);
    CHECK(reader.text("tail") == "5\\");
    CHECK(RecordReader("").text("pid") == std::nullopt);
}

}  // namespace kpm::core

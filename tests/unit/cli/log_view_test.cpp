#include "cli/log_view.h"

#include <catch2/catch.hpp>

namespace kpm::cli {
namespace {

constexpr std::int64_t kNow = 1795496217447;

Json payload(std::string data, Json id = 0, std::string name = "web") {
    return {{"process", {{"pm_id", std::move(id)}, {"name", std::move(name)}}},
            {"at", kNow},
            {"data", std::move(data)}};
}

std::string once(LogLook look, Stream stream, const Json& entry) {
    return LiveLog(std::move(look), Paint(false)).text(stream, entry, kNow);
}

}  // namespace

TEST_CASE("log view: the tail's prefix is ten columns", "[unit][cli][logs]") {
    CHECK(tail_prefix("0", "web", Stream::Out, Paint(false)) == "0|web      | ");
    CHECK(tail_prefix("1", "a-longer-name", Stream::Error, Paint(false)) == "1|a-longer | ");
    CHECK(tail_prefix("", "", Stream::Daemon, Paint(true)) == "\x1b[34mPM2        | \x1b[39m");
    CHECK(tail_prefix("0", "web", Stream::Error, Paint(true)) == "\x1b[31m0|web      | \x1b[39m");
}

TEST_CASE("log view: the live prefix grows with the longest name", "[unit][cli][logs]") {
    LiveLog log({}, Paint(false));
    CHECK(log.text(Stream::Out, payload("a\nb\n"), kNow) == "0|web  | a\n0|web  | b\n");
    CHECK(log.text(Stream::Out, payload("c", 1, "a-longer"), kNow) == "1|a-longer  | c\n");
    CHECK(log.text(Stream::Error, payload("d\n"), kNow) == "0|web       | d\n");
    CHECK(log.text(Stream::Daemon, payload("e\n", "PM2", "PM2"), kNow) == "PM2         | e\n");
}

TEST_CASE("log view: empty lines are left out, raw text is not touched", "[unit][cli][logs]") {
    CHECK(once({}, Stream::Out, payload("a\n\n\nb\n")) == "0|web  | a\n0|web  | b\n");
    CHECK(once({}, Stream::Out, payload("")) == "");
    CHECK(once({.shape = LogShape::Raw}, Stream::Out, payload("a\n\nb")) == "a\n\nb");
}

TEST_CASE("log view: structured lines", "[unit][cli][logs]") {
    CHECK(once({.shape = LogShape::Json}, Stream::Error, payload("a\nb\n")) ==
          "{\"message\":\"ab\",\"timestamp\":\"2026-11-24T04:56:57.447Z\",\"type\":\"err\",\"process_id\":0,"
          "\"app_name\":\"web\"}\n");
    const std::string fields = once({.shape = LogShape::Fields}, Stream::Error, payload("a\n"));
    CHECK(fields.starts_with("timestamp=2026-11-2"));
    CHECK(fields.ends_with(" app=web id=0 type=error message=a\n"));
    CHECK(once({.shape = LogShape::Fields}, Stream::Daemon, payload("up\n", "PM2", "PM2")) ==
          "app=pm2 message=up\n");
    // A name cannot pass for other fields, nor drive a terminal.
    CHECK(once({.shape = LogShape::Fields}, Stream::Out, payload("a\n", 0, "x id=9 type=error\x1b[2J"))
              .ends_with(" app=\"x id=9 type=error[2J\" id=0 type=out message=a\n"));
    CHECK(tail_line(LogShape::Fields, "0", "x\nid=9", Stream::Out, "a", Paint(false)) ==
          "app=\"xid=9\" id=0 type=out message=a\n");
    const Json event{{"event", "online"}, {"at", kNow}, {"process", {{"name", "web"}}}};
    CHECK(LiveLog({.shape = LogShape::Json}, Paint(false)).event_text(event, kNow) ==
          "{\"timestamp\":\"2026-11-24T04:56:57.447Z\",\"type\":\"process_event\",\"status\":\"online\","
          "\"app_name\":\"web\"}\n");
    CHECK(LiveLog({}, Paint(false)).event_text(event, kNow) == "");
}

TEST_CASE("log view: the first occurrence of a word is marked", "[unit][cli][logs]") {
    LiveLog log({.highlight = "error"}, Paint(true));
    CHECK(log.text(Stream::Out, payload("an error error"), kNow)
              .ends_with("an \x1b[100merror\x1b[49m error\n"));
}

TEST_CASE("log view: payloads of the wrong shape print nothing", "[unit][cli][logs]") {
    CHECK(once({}, Stream::Out, Json()) == "");
    CHECK(once({}, Stream::Out, Json::array({1})) == "");
    CHECK(once({}, Stream::Out, Json{{"data", {{"x", 1}}}, {"process", 5}}) == "");
}

TEST_CASE("log view: time tokens", "[unit][cli][logs]") {
    CHECK(time_text("[all] dd", kNow) == "all Tu");
    CHECK(time_text("YYYY", kNow) == "2026");
    CHECK(time_text("ss.SSS", kNow) == "57.447");
}

}  // namespace kpm::cli

#pragma once
// Log lines as `logs` prints them: the tail of the files with one prefix width, the live lines with a growing
// one, and the structured forms. Pure, but for the clock that the caller gives.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/terminal.h"
#include "ipc/base/json.h"

namespace kpm::cli {

enum class Stream { Out, Error, Daemon };

enum class LogShape {
    Prefixed,  // 0|name  | line
    Raw,       // the line alone; errors go to stderr
    Json,      // one object per chunk
    Fields,    // timestamp=… app=… id=… type=… message=…
};

struct LogLook {
    LogShape shape = LogShape::Prefixed;
    std::optional<std::string> time_format;  // live lines carry the time of display
    std::string highlight;
};

// "3|web      | ", cut to a fixed width; "PM2        | " for the daemon.
std::string tail_prefix(std::string_view id, std::string_view name, Stream stream, const Paint& paint);

// A line of a file in one of the shapes. The structured ones have no time: a file does not tell when a line
// came.
std::string tail_line(LogShape shape, std::string_view id, std::string_view name, Stream stream,
                      std::string_view line, const Paint& paint);

// Tokens of date_format.h. Local time.
std::string time_text(std::string_view format, std::int64_t ms_since_1970);

// The live lines of one run of `logs`. Remembers how wide the prefixes have become.
class LiveLog {
public:
    LiveLog(LogLook look, const Paint& paint) : look_(std::move(look)), paint_(paint) {}

    // A payload of log:out, log:err or log:PM2 as text to print; empty lines are left out.
    std::string text(Stream stream, const Json& payload, std::int64_t now);
    // A payload of process:event; "" unless the shape is Json.
    std::string event_text(const Json& payload, std::int64_t now) const;

private:
    std::string prefix(Stream stream, const Json& process);
    std::string highlighted(std::string_view line) const;

    LogLook look_;
    Paint paint_;
    int width_ = 3;
};

}  // namespace kpm::cli

#pragma once
// The lines of many apps on one output, as a container's logs are: PM2's forms for it. Pure.

#include <chrono>
#include <string>
#include <string_view>

#include "daemon/core/log_line.h"

namespace kpm::core {

enum class ConsoleShape {
    None,
    Raw,       // bytes as they come, each stream to its own output
    Prefixed,  // 0|web  | line
    Json,      // {"message":…,"timestamp":…,"type":"out"|"err","process_id":…,"app_name":…}
    Fields,    // timestamp=… app=… id=… type=out|error message=…
};

// "raw", "formatted", "json", "format"; all else is None.
ConsoleShape console_shape(std::string_view name);

struct ConsoleSource {
    int pm_id = 0;
    std::string_view name;
    LogStream stream = LogStream::Out;
};

class ConsoleLines {
public:
    explicit ConsoleLines(ConsoleShape shape) : shape_(shape) {}

    ConsoleShape shape() const { return shape_; }
    // Appends `line`, with or without its newline, in the form of any shape but None and Raw.
    void append(std::string& out, std::string_view line, const ConsoleSource& source, WallTime time,
                std::chrono::seconds utc_offset);

private:
    ConsoleShape shape_;
    std::size_t width_ = 3;  // of the prefixes; grows with them
};

// What has happened to an app: PM2's line for it amid those of the shape Json.
std::string console_event(std::string_view event, std::string_view app_name, WallTime time);

}  // namespace kpm::core

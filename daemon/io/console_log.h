#pragma once
// What the apps write, on the daemon's own standard output and error, which in a container are the
// container's. Whoever reads them slowly makes the apps wait, as without a daemon in between: nothing is
// dropped and nothing piles up. Driven by the log loop.

#include <string_view>

#include "daemon/core/console_line.h"
#include "daemon/io/log_types.h"

namespace kpm::io {

class ConsoleLog {
public:
    explicit ConsoleLog(core::ConsoleShape shape) : lines_(shape) {}

    // A piece of a stream; `rest` is the stream's own, for the shapes that have lines.
    void write(const LogSource& source, core::LogStream stream, std::string_view text, WallTime at,
               core::LineAssembler& rest);
    // The stream's last line, if it had no newline.
    void finish(const LogSource& source, core::LogStream stream, WallTime at, core::LineAssembler& rest);
    // A line about the apps, for standard output.
    void print(std::string_view line);

private:
    core::ConsoleLines lines_;
};

// KPM_CONSOLE, as kpm-runtime sets it for its daemon.
core::ConsoleShape console_shape_from_environment();

}  // namespace kpm::io

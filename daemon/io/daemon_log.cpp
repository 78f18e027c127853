#include "daemon/io/daemon_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "daemon/io/local_offset.h"
#include "ipc/base/date_format.h"

namespace kpm::io {

namespace {

using std::chrono::seconds;

std::string& format() {
    static std::string text = "YYYY-MM-DDTHH:mm:ss";
    return text;
}

// A start of many apps tells of all in the same second.
const std::string& date_of(WallTime now) {
    static WallTime last;
    static std::string of_format, text;
    const bool has_fraction = format().find("SSS") != std::string::npos;
    const bool is_known = std::chrono::floor<seconds>(now) == std::chrono::floor<seconds>(last);
    if (is_known && !has_fraction && of_format == format()) return text;
    last = now;
    of_format = format();
    return text = format_date(format(), now, local_offset(now));
}

}  // namespace

void set_daemon_log_format(std::string date_format) {
    format() = std::move(date_format);
}

const std::string& daemon_log_format() {
    return format();
}

void write_daemon_log(std::string_view text) {
    const auto now = std::chrono::system_clock::now();
    const std::string line =
        format().empty() ? fmt::format("{}\n", text) : fmt::format("{}: PM2 log: {}\n", date_of(now), text);
    // A log that cannot be written must not stop the daemon.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace kpm::io

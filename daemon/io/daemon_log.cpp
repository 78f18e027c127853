#include "daemon/io/daemon_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "daemon/io/local_offset.h"
#include "ipc/base/date_format.h"

namespace kpm::io {

namespace {

std::string& format() {
    static std::string text = "YYYY-MM-DDTHH:mm:ss";
    return text;
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
        format().empty()
            ? fmt::format("{}\n", text)
            : fmt::format("{}: PM2 log: {}\n", format_date(format(), now, local_offset(now)), text);
    // A log that cannot be written must not stop the daemon.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace kpm::io

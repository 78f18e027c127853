#include "daemon/io/daemon_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

#include "daemon/core/date_format.h"

namespace kpm::io {

std::string write_daemon_log(std::string_view text) {
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::string line = fmt::format(
        "{}: PM2 log: {}\n",
        core::format_date("YYYY-MM-DDTHH:mm:ss", now, std::chrono::seconds{local.tm_gmtoff}), text);
    // A log that cannot be written must not stop the daemon.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    return line;
}

}  // namespace kpm::io

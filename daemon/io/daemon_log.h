#pragma once
// The daemon's own log: lines on standard error, which the keeper has directed to pm2.log (or to the
// container's output), in PM2's form: "2024-05-01T12:30:00: PM2 log: App [web:0] online".

#include <string>
#include <string_view>

namespace kpm::io {

// Tokens of date_format.h; before other threads begin. Without a format the lines are the bare texts, and, as
// with PM2's PM2_LOG_DATE_FORMAT, the bus gets none.
void set_daemon_log_format(std::string date_format);
const std::string& daemon_log_format();

// Writes it as one line.
void write_daemon_log(std::string_view text);

}  // namespace kpm::io

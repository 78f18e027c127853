#pragma once
// The last log lines of all apps, bounded per app and in all, so that apps that print without end cost no
// more than a few megabytes. Pure.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace kpm::cli::monit {

struct LogLine {
    std::string text;  // clean, of limited length
    bool is_error = false;
    bool is_open = false;  // what comes next on this stream continues it
};

struct LogLimits {
    std::size_t lines_per_app = 500;
    std::size_t line_size = 4096;
    std::size_t total_size = std::size_t{16} << 20;
};

class LogBuffer {
public:
    explicit LogBuffer(LogLimits limits = {}) : limits_(limits) {}

    struct Added {
        std::size_t lines = 0;  // new ones at the end
    };
    // A piece of output: lines, the last of which may be unterminated. Empty lines are left out.
    Added add(std::int64_t app, bool is_error, std::string_view data);
    const std::deque<LogLine>& lines(std::int64_t app) const;
    void forget(std::int64_t app);

    std::size_t total_size() const { return total_size_; }

private:
    struct AppLog {
        std::deque<LogLine> lines;
        std::size_t size = 0;
    };

    bool add_line(AppLog& log, bool is_error, std::string_view text, bool is_open);
    void drop_oldest(AppLog& log);
    void shrink();

    LogLimits limits_;
    std::map<std::int64_t, AppLog> apps_;
    std::size_t total_size_ = 0;
};

}  // namespace kpm::cli::monit

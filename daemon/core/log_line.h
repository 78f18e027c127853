#pragma once
// A stream of output cut into lines, and a line in the form in which it is stored: raw, with the date in
// front
// (`time`, `log_date_format`) or as a JSON object (`log_type: json`). Pure; every byte of the input comes out
// exactly once, also the last line without a newline.
//
// Timestamped: "<date>: <line>\n". JSON: {"message":"<line with its
// newline>","timestamp":…,"type":"out"|"err", "process_id":…,"app_name":…}\n with PM2's keys and order; bytes
// that are no UTF-8 become U+FFFD in JSON only. PM2 formats per chunk and loses an unterminated last piece;
// here it is per line, and nothing is lost.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ipc/base/date_format.h"

namespace kpm::core {

enum class LogFormat { Raw, Timestamped, Json };
enum class LogStream { Out, Err };

inline constexpr std::size_t kMaxLogLine = std::size_t{1} << 20;

// Reassembles lines across chunks. A line longer than kMaxLogLine is given out in pieces of that size.
class LineAssembler {
public:
    using Sink = std::function<void(std::string_view line)>;  // with its newline, if it had one

    void feed(std::string_view bytes, const Sink& sink);
    void finish(const Sink& sink);  // the last line, if it had no newline
    std::size_t buffered() const { return rest_.size(); }

private:
    std::string rest_;
};

struct LineStyle {
    LogFormat format = LogFormat::Raw;
    std::string date_format;  // empty: kDefaultDateFormat for Timestamped, ISO-8601 for Json
    LogStream stream = LogStream::Out;
    int pm_id = 0;
    std::string app_name;
};

inline constexpr std::string_view kDefaultDateFormat = "YYYY-MM-DDTHH:mm:ss";

// Appends the stored form of `line` (with or without its newline) to `out`.
void append_line(std::string& out, std::string_view line, const LineStyle& style, WallTime time,
                 std::chrono::seconds utc_offset);

}  // namespace kpm::core

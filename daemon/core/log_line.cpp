#include "daemon/core/log_line.h"

#include <algorithm>

#include "ipc/base/json.h"

namespace kpm::core {

void LineAssembler::feed(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
        const std::size_t newline = bytes.find('\n');
        const bool complete = newline != std::string_view::npos;
        const std::size_t wanted = complete ? newline + 1 : bytes.size();
        const std::size_t taken = std::min(wanted, kMaxLogLine - rest_.size());
        const std::string_view piece = bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        const bool full = rest_.size() + taken == kMaxLogLine;
        if (!full && !(complete && taken == wanted)) {
            rest_ += piece;
        } else if (rest_.empty()) {
            sink(piece);
        } else {
            rest_ += piece;
            sink(rest_);
            rest_.clear();
        }
    }
}

void LineAssembler::finish(const Sink& sink) {
    if (!rest_.empty()) sink(rest_);
    rest_.clear();
}

void append_line(std::string& out, std::string_view line, const LineStyle& style, WallTime time,
                 std::chrono::seconds utc_offset) {
    switch (style.format) {
        case LogFormat::Raw:
            out += line;
            return;
        case LogFormat::Timestamped: {
            const std::string_view format =
                style.date_format.empty() ? kDefaultDateFormat : style.date_format;
            out += format_date(format, time, utc_offset);
            out += ": ";
            out += line;
            if (!line.ends_with('\n')) out += '\n';
            return;
        }
        case LogFormat::Json: {
            Json object;
            object["message"] = std::string(line);
            object["timestamp"] =
                style.date_format.empty() ? iso_date(time) : format_date(style.date_format, time, utc_offset);
            object["type"] = style.stream == LogStream::Out ? "out" : "err";
            object["process_id"] = style.pm_id;
            object["app_name"] = style.app_name;
            out += object.dump(-1, ' ', false, Json::error_handler_t::replace);
            out += '\n';
            return;
        }
    }
}

}  // namespace kpm::core

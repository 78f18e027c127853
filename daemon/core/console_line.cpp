#include "daemon/core/console_line.h"

#include <fmt/format.h>

#include <iterator>

#include "ipc/base/json.h"

namespace kpm::core {
namespace {

constexpr std::string_view kFieldsTime = "YYYY-MM-DD-HH:mm:ssZZ";

std::string text_of(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

ConsoleShape console_shape(std::string_view name) {
    if (name == "raw") return ConsoleShape::Raw;
    if (name == "formatted") return ConsoleShape::Prefixed;
    if (name == "json") return ConsoleShape::Json;
    if (name == "format") return ConsoleShape::Fields;
    return ConsoleShape::None;
}

void ConsoleLines::append(std::string& out, std::string_view line, const ConsoleSource& source, WallTime time,
                          std::chrono::seconds utc_offset) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    const bool is_error = source.stream == LogStream::Err;
    switch (shape_) {
        case ConsoleShape::None:
        case ConsoleShape::Raw:
            return;
        case ConsoleShape::Prefixed: {
            const std::string label = fmt::format("{}|{}", source.pm_id, source.name);
            if (label.size() > width_) width_ = label.size() + 1;
            fmt::format_to(std::back_inserter(out), "{:<{}} | {}\n", label, width_, line);
            return;
        }
        case ConsoleShape::Json:
            out += text_of(Json{{"message", std::string(line)},
                                {"timestamp", iso_date(time)},
                                {"type", is_error ? "err" : "out"},
                                {"process_id", source.pm_id},
                                {"app_name", std::string(source.name)}});
            return;
        case ConsoleShape::Fields:
            fmt::format_to(std::back_inserter(out), "timestamp={} app={} id={} type={} message={}\n",
                           format_date(kFieldsTime, time, utc_offset), source.name, source.pm_id,
                           is_error ? "error" : "out", line);
            return;
    }
}

std::string console_event(std::string_view event, std::string_view app_name, WallTime time) {
    return text_of(Json{{"timestamp", iso_date(time)},
                        {"type", "process_event"},
                        {"status", std::string(event)},
                        {"app_name", std::string(app_name)}});
}

}  // namespace kpm::core

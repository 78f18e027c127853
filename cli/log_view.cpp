#include "cli/log_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "cli/process_row.h"
#include "ipc/base/date_format.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr int kTailWidth = 10;
constexpr const char* kFieldsTime = "YYYY-MM-DD-HH:mm:ssZZ";

Style colour_of(Stream stream) {
    switch (stream) {
        case Stream::Out:
            return Style::Green;
        case Stream::Error:
            return Style::Red;
        case Stream::Daemon:
            return Style::Blue;
    }
    return Style::Green;
}

std::string label(std::string_view id, std::string_view name, Stream stream) {
    return stream == Stream::Daemon ? std::string("PM2") : fmt::format("{}|{}", id, printable(name));
}

// The value of a field that others follow: a name shall not look like them.
std::string field_value(std::string_view text) {
    std::string value = printable(text);
    if (value.find_first_of(" \"=") == std::string::npos) return value;
    return Json(std::move(value)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string padded(std::string text, int width) {
    text.append(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
    return text;
}

const Json& process_of(const Json& payload) {
    static const Json kEmpty = Json::object();
    if (!payload.is_object()) return kEmpty;
    const auto process = payload.find("process");
    return process == payload.end() || !process->is_object() ? kEmpty : *process;
}

}  // namespace

std::string tail_prefix(std::string_view id, std::string_view name, Stream stream, const Paint& paint) {
    std::string text = label(id, name, stream);
    while (display_width(text) > kTailWidth) {
        do text.pop_back();
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80);
    }
    return paint(padded(std::move(text), kTailWidth) + " | ", {colour_of(stream)});
}

std::string tail_line(LogShape shape, std::string_view id, std::string_view name, Stream stream,
                      std::string_view line, const Paint& paint) {
    const bool is_error = stream == Stream::Error;
    switch (shape) {
        case LogShape::Prefixed:
            return tail_prefix(id, name, stream, paint) + std::string(line) + "\n";
        case LogShape::Raw:
            return std::string(line) + "\n";
        case LogShape::Json:
            return Json{{"message", line},
                        {"type", is_error ? "err" : "out"},
                        {"process_id", integer_of(Json{{"id", id}}, "id").value_or(0)},
                        {"app_name", name}}
                       .dump(-1, ' ', false, Json::error_handler_t::replace) +
                   "\n";
        case LogShape::Fields:
            return fmt::format("app={} id={} type={} message={}\n", field_value(name), id,
                               is_error ? "error" : "out", line);
    }
    return "";
}

std::string time_text(std::string_view format, std::int64_t ms_since_1970) {
    const std::time_t seconds = ms_since_1970 / 1000;
    std::tm local{};
    localtime_r(&seconds, &local);
    return format_date(format, WallTime{std::chrono::milliseconds{ms_since_1970}},
                       std::chrono::seconds{local.tm_gmtoff});
}

std::string LiveLog::prefix(Stream stream, const Json& process) {
    const std::string text = label(text_of(process, "pm_id"), text_of(process, "name"), stream);
    if (display_width(text) > width_) width_ = display_width(text) + 1;
    return paint_(padded(text, width_) + " | ", {colour_of(stream)});
}

std::string LiveLog::highlighted(std::string_view line) const {
    const std::size_t at = look_.highlight.empty() ? std::string_view::npos : line.find(look_.highlight);
    if (at == std::string_view::npos) return std::string(line);
    return fmt::format("{}{}{}", line.substr(0, at), paint_(look_.highlight, {Style::GreyBackground}),
                       line.substr(at + look_.highlight.size()));
}

std::string LiveLog::text(Stream stream, const Json& payload, std::int64_t now) {
    const Json& process = process_of(payload);
    const std::string data = text_of(payload, "data");
    if (look_.shape == LogShape::Raw) return data;
    if (look_.shape == LogShape::Json) {
        std::string message = data;
        std::erase(message, '\n');
        const auto id = process.find("pm_id");
        const Json entry{{"message", std::move(message)},
                         {"timestamp", iso_time(integer_of(payload, "at").value_or(now))},
                         {"type", stream == Stream::Error ? "err"
                                  : stream == Stream::Out ? "out"
                                                          : "PM2"},
                         {"process_id", id == process.end() ? Json() : *id},
                         {"app_name", text_of(process, "name")}};
        return entry.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    std::string text;
    for (const std::string_view line : split(data, '\n')) {
        if (line.empty()) continue;
        if (look_.shape == LogShape::Fields) {
            if (stream == Stream::Daemon) {
                text += fmt::format("app=pm2 message={}\n", line);
                continue;
            }
            text += fmt::format("timestamp={} app={} id={} type={} message={}\n", time_text(kFieldsTime, now),
                                field_value(text_of(process, "name")), text_of(process, "pm_id"),
                                stream == Stream::Error ? "error" : "out", line);
            continue;
        }
        if (look_.time_format)
            text += paint_(time_text(*look_.time_format, now) + " ", {Style::Dim, Style::Grey});
        text += fmt::format("{}{}\n", prefix(stream, process), highlighted(line));
    }
    return text;
}

std::string LiveLog::event_text(const Json& payload, std::int64_t now) const {
    if (look_.shape != LogShape::Json) return "";
    const Json entry{{"timestamp", iso_time(integer_of(payload, "at").value_or(now))},
                     {"type", "process_event"},
                     {"status", text_of(payload, "event")},
                     {"app_name", text_of(process_of(payload), "name")}};
    return entry.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kpm::cli

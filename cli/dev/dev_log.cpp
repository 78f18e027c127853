#include "cli/dev/dev_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/log_view.h"
#include "cli/process_row.h"
#include "ipc/base/text.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr const char* kTime = "YYYY-MM-DD-HH:mm:ss";

const Json& process_of(const Json& payload) {
    static const Json kNone = Json::object();
    if (!payload.is_object()) return kNone;
    const auto process = payload.find("process");
    return process == payload.end() ? kNone : *process;
}

}  // namespace

std::string DevLog::text(const ipc::Event& event, std::int64_t now) {
    if (event.topic == ipc::topic::kProcessEvent && text_of(event.payload, "event") == "online") {
        const std::string name = printable(text_of(process_of(event.payload), "name"));
        return paint_(fmt::format("[rundev] App {} restarted", name), {Style::Green}) + "\n";
    }
    const bool is_error = event.topic == ipc::topic::kLogErr;
    if (event.topic != ipc::topic::kLogOut && !is_error) return "";
    return lines(event.payload, is_error, now);
}

std::string DevLog::lines(const Json& payload, bool is_error, std::int64_t now) {
    const Json& process = process_of(payload);
    const std::string name =
        fmt::format("{}-{}", printable(text_of(process, "name")), text_of(process, "pm_id"));
    if (name.size() > width_) width_ = name.size() + 1;
    const std::string prefix =
        raw_ ? "" : paint_(fmt::format("{:<{}} | ", name, width_), {is_error ? Style::Red : Style::Green});
    std::string result;
    const std::string data = text_of(payload, "data");
    for (const std::string_view line : split(data, '\n')) {
        if (line.empty()) continue;
        if (timestamp_ && !raw_) result += paint_(time_text(kTime, now) + " ", {Style::Dim, Style::Grey});
        result += fmt::format("{}{}\n", prefix, line);
    }
    return result;
}

}  // namespace kpm::cli

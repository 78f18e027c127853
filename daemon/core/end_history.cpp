#include "daemon/core/end_history.h"

#include <algorithm>
#include <array>

#include "ipc/base/text.h"

namespace kpm::core {
namespace {

using Cause = EndCause::Kind;

constexpr std::string_view kGap = "\n\n";

constexpr std::array<std::string_view, 17> kWords{
    "own",         "not_started", "stop",          "restart", "reload", "delete",
    "send_signal", "kill",        "watch",         "cron",    "memory", "gpu_memory",
    "probe",       "watchdog",    "failed_reload", "channel", "oom",
};
static_assert(kWords.size() == static_cast<std::size_t>(Cause::OutOfMemory) + 1);

// At most so long, and still UTF-8.
std::string_view cut(std::string_view text) {
    text = text.substr(0, EndHistory::kLongestText);
    text.remove_suffix(unfinished_utf8(text));
    return text;
}

std::string to_record(const ProcessEnd& end) {
    RecordWriter record;
    record.put("at", end.at.since_epoch);
    if (end.uptime > Duration{0}) record.put("uptime", end.uptime.count());
    if (end.pid != 0) record.put("pid", end.pid);
    if (end.code) record.put("code", *end.code);
    if (end.signal != 0) record.put("signal", end.signal);
    if (end.is_killed) record.put("killed", 1);
    if (!end.failure.empty()) record.put("failure", cut(end.failure));
    put(record, end.cause);
    return record.take();
}

ProcessEnd to_end(std::string_view text) {
    const RecordReader record(text);
    ProcessEnd end;
    end.at = {record.number_or("at", 0)};
    end.uptime = Duration{record.number_or("uptime", 0)};
    end.pid = static_cast<int>(record.number_or("pid", 0));
    if (const auto code = record.number("code")) end.code = static_cast<int>(*code);
    end.signal = static_cast<int>(record.number_or("signal", 0));
    end.is_killed = record.number_or("killed", 0) != 0;
    end.failure = record.text("failure").value_or("");
    end.cause = to_cause(record).value_or(EndCause{});
    return end;
}

// Of the first entry, with the gap; npos: there is none.
std::size_t length_of_first(std::string_view text) {
    const std::size_t gap = text.find(kGap);
    return gap == std::string_view::npos ? gap : gap + kGap.size();
}

std::size_t count(std::string_view text) {
    std::size_t entries = 0;
    for (std::size_t length; (length = length_of_first(text)) != std::string_view::npos; ++entries)
        text.remove_prefix(length);
    return entries;
}

}  // namespace

std::string_view reason_word(const ProcessEnd& end) {
    if (end.cause.kind != Cause::Own) return kWords[static_cast<std::size_t>(end.cause.kind)];
    return end.code ? "exit" : end.signal != 0 ? "signal" : "unknown";
}

EndHistory::EndHistory(std::string record) : text_(std::move(record)) {
    for (std::size_t more = count(text_); more > kMost; --more) text_.erase(0, length_of_first(text_));
}

void EndHistory::add(const ProcessEnd& end) {
    if (count(text_) >= kMost) text_.erase(0, length_of_first(text_));
    text_ += to_record(end);
    text_ += '\n';
}

std::vector<ProcessEnd> EndHistory::ends() const {
    std::vector<ProcessEnd> ends;
    std::string_view rest = text_;
    for (std::size_t length; (length = length_of_first(rest)) != std::string_view::npos;
         rest.remove_prefix(length))
        ends.push_back(to_end(rest.substr(0, length)));
    return ends;
}

void put(RecordWriter& record, const EndCause& cause) {
    record.put("cause", static_cast<std::int64_t>(cause.kind));
    if (!cause.detail.empty()) record.put("detail", cut(cause.detail));
    if (!cause.client) return;
    record.put("client", cause.client->pid);
    record.put("client_uid", static_cast<std::int64_t>(cause.client->uid));
}

std::optional<EndCause> to_cause(const RecordReader& record) {
    const auto kind = record.number("cause");
    if (!kind || *kind < 0 || *kind >= static_cast<std::int64_t>(kWords.size())) return std::nullopt;
    EndCause cause{.kind = static_cast<Cause>(*kind), .detail = record.text("detail").value_or("")};
    if (const auto pid = record.number("client"))
        cause.client = Client{.pid = static_cast<int>(*pid),
                              .uid = static_cast<unsigned>(record.number_or("client_uid", 0))};
    return cause;
}

}  // namespace kpm::core

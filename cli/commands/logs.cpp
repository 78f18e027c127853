// logs (tail of the files, then the live lines), flush, reloadLogs.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>
#include <utility>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/follow.h"
#include "cli/log_flush.h"
#include "cli/log_tail.h"
#include "cli/target.h"
#include "ecosystem/log_paths.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr long kDefaultLines = 15;
constexpr long kMostLines = 1'000'000'000;  // all of them
constexpr const char* kTimestamp = "YYYY-MM-DD-HH:mm:ss";

struct LogFileEntry {
    std::string path;
    std::string id, name;
    Stream stream = Stream::Out;
    timespec changed{};
};

std::size_t wanted_lines(const CommandLine& line) {
    long lines = kDefaultLines;
    const std::string text = line.value("lines").value_or("");
    const auto read = std::from_chars(text.data(), text.data() + text.size(), lines);
    if (read.ec == std::errc::result_out_of_range) lines = kMostLines;
    return static_cast<std::size_t>(std::abs(std::clamp(lines, -kMostLines, kMostLines)));
}

LogLook look_of(const CommandLine& line) {
    LogLook look;
    if (line.has("raw")) look.shape = LogShape::Raw;
    if (line.has("format")) look.shape = LogShape::Fields;
    if (line.has("json")) look.shape = LogShape::Json;
    if (const auto format = line.value("timestamp"))
        look.time_format = format->empty() ? kTimestamp : *format;
    look.highlight = line.value("highlight").value_or("");
    return look;
}

// Oldest change first, so that the liveliest log ends next to the live lines.
std::vector<LogFileEntry> files_of(std::span<const ProcessRow> rows, const Following& following) {
    std::vector<LogFileEntry> files;
    std::set<std::string> seen;
    const auto add = [&](const std::string& path, const ProcessRow& row, Stream stream) {
        struct stat status {};
        if (path.empty() || ecosystem::is_no_log(path) || !seen.insert(path).second) return;
        if (stat(path.c_str(), &status) != 0) return;
        files.push_back({path, std::to_string(row.id), row.name, stream, status.st_mtim});
    };
    for (const ProcessRow& row : rows) {
        const Json process{{"name", row.name}, {"pm_id", row.id}, {"namespace", row.name_space}};
        if (!following.is_wanted(process)) continue;
        if (following.out) add(row.out_log, row, Stream::Out);
        if (following.error) add(row.error_log, row, Stream::Error);
    }
    std::ranges::stable_sort(files, [](const LogFileEntry& a, const LogFileEntry& b) {
        return a.changed.tv_sec != b.changed.tv_sec ? a.changed.tv_sec < b.changed.tv_sec
                                                    : a.changed.tv_nsec < b.changed.tv_nsec;
    });
    return files;
}

bool is_structured(LogShape shape) {
    return shape == LogShape::Json || shape == LogShape::Fields;
}

void print_tail(Context& context, const LogFileEntry& file, std::size_t count, LogShape shape) {
    const auto lines = last_lines(file.path, count);
    if (!lines) return;
    const Paint paint = context.console.paint();
    const bool has_head = !is_structured(shape);
    std::string text, errors;
    if (has_head)
        text = paint(fmt::format("{} last {} lines:", printable(file.path), count), {Style::Grey}) + "\n";
    for (const std::string& line : *lines) {
        std::string& target = shape == LogShape::Raw && file.stream == Stream::Error ? errors : text;
        target += tail_line(shape, file.id, file.name, file.stream, line, paint);
    }
    if (has_head && !lines->empty()) text += "\n";
    context.console.text(text);
    std::fwrite(errors.data(), 1, errors.size(), stderr);
}

Result<void> print_tails(Context& context, std::string_view target, std::size_t count,
                         const Following& following) {
    const auto list = context.session->brief_list();
    if (!list) return list.error();
    const bool all = target == "all";
    const LogShape shape = following.look.shape;
    if (!is_structured(shape)) {
        context.console.line(context.console.paint()(
            fmt::format(
                "[TAILING] Tailing last {} lines for [{}] process{} (change the value with --lines option)",
                count, target, all ? "es" : ""),
            {Style::Bold, Style::Grey}));
    }
    if (all && shape == LogShape::Prefixed && following.out && following.error) {
        print_tail(context, {context.home.daemon_log().string(), "", "", Stream::Daemon}, count, shape);
    }
    for (const LogFileEntry& file : files_of(list->rows, following)) print_tail(context, file, count, shape);
    return {};
}

// The ids that a word means, as text. A word that means nothing is no error here, as in PM2.
Result<std::set<std::string>> flushed_ids(const Context& context, std::string_view target,
                                          const ProcessList& list) {
    std::set<std::string> ids;
    const auto selection = select(target, list.rows, {context.cwd, true});
    if (!selection) return selection.error();
    for (const Json& id : selection->ids) ids.insert(id_text(id));
    return ids;
}

}  // namespace

int run_logs(Context& context) {
    const std::string target(context.line.words.empty() ? std::string_view("all") : context.word());
    Following following;
    following.look = look_of(context.line);
    following.out = context.line.has("out") || !context.line.has("err");
    following.error = context.line.has("err") || !context.line.has("out");
    following.daemon = target == "all" && following.out && following.error;
    auto filter = filter_of(target);
    if (!filter) return context.fail(filter.error());
    following.is_wanted = std::move(*filter);
    const std::size_t count = wanted_lines(context.line);
    // Whoever follows in a structured form gets what comes; the files have no times.
    if (count > 0 && (context.line.has("nostream") || !is_structured(following.look.shape))) {
        if (const auto printed = print_tails(context, target, count, following); !printed)
            return context.fail(printed.error());
    }
    return context.line.has("nostream") ? kDone : follow(context, following);
}

int run_flush(Context& context) {
    const std::string_view target = context.word();
    const auto list = context.session->brief_list();
    if (!list) return context.fail(list.error());
    const bool all = target.empty() || target == "all";
    const auto ids =
        all ? Result<std::set<std::string>>(std::set<std::string>()) : flushed_ids(context, target, *list);
    if (!ids) return context.fail(ids.error());
    bool is_good = true;
    const auto empty = [&](const std::string& path) {
        const auto emptied = empty_log(path);
        if (!emptied) context.console.error(emptied.error().message);
        is_good &= emptied.has_value();
    };
    const auto flush = [&](const std::string& path) {
        if (path.empty() || ecosystem::is_no_log(path)) return;
        context.console.info(path);
        empty(path);
    };
    if (all) {
        context.console.info("Flushing " + context.home.daemon_log().string());
        empty(context.home.daemon_log().string());
    }
    for (const ProcessRow& row : list->rows) {
        if (!all && !ids->contains(std::to_string(row.id))) continue;
        context.console.info("Flushing:");
        flush(row.out_log);
        flush(row.error_log);
        flush(row.entire_log);
    }
    if (!is_good) return kFailed;
    context.console.info("Logs flushed");
    return kDone;
}

int run_reload_logs(Context& context) {
    context.console.line("Reloading all logs...");
    if (const auto answer = context.session->call(ipc::method::kReloadLogs); !answer)
        return context.fail(answer.error());
    context.console.line("All logs reloaded");
    return kDone;
}

}  // namespace kpm::cli

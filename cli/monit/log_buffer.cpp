#include "cli/monit/log_buffer.h"

#include <algorithm>

#include "cli/monit/clean_text.h"

namespace kpm::cli::monit {
namespace {

// What a line takes besides its text.
constexpr std::size_t kLineCost = sizeof(LogLine);

std::size_t cost(const LogLine& line) {
    return line.text.size() + kLineCost;
}

}  // namespace

LogBuffer::Added LogBuffer::add(std::int64_t app, bool is_error, std::string_view data) {
    AppLog& log = apps_[app];
    Added added;
    while (!data.empty()) {
        const std::size_t end = data.find('\n');
        const bool is_open = end == std::string_view::npos;
        if (add_line(log, is_error, data.substr(0, end), is_open)) ++added.lines;
        data.remove_prefix(is_open ? data.size() : end + 1);
    }
    while (log.lines.size() > limits_.lines_per_app) drop_oldest(log);
    shrink();
    return added;
}

bool LogBuffer::add_line(AppLog& log, bool is_error, std::string_view text, bool is_open) {
    LogLine* last = log.lines.empty() ? nullptr : &log.lines.back();
    const bool continues = last != nullptr && last->is_open && last->is_error == is_error &&
                           last->text.size() < limits_.line_size;
    const std::size_t room = limits_.line_size - (continues ? last->text.size() : 0);
    const std::string clean = clean_text(text.substr(0, room));
    if (continues) {
        last->text += clean;
        last->is_open = is_open;
        log.size += clean.size();
        total_size_ += clean.size();
        return false;
    }
    if (clean.empty()) return false;
    log.lines.push_back({clean, is_error, is_open});
    log.size += cost(log.lines.back());
    total_size_ += cost(log.lines.back());
    return true;
}

void LogBuffer::drop_oldest(AppLog& log) {
    const std::size_t size = cost(log.lines.front());
    log.size -= size;
    total_size_ -= size;
    log.lines.pop_front();
}

// The app with the most pays, with half of what it has: so this happens seldom, however many apps there are.
void LogBuffer::shrink() {
    while (total_size_ > limits_.total_size) {
        const auto largest = std::ranges::max_element(
            apps_, {}, [](const auto& entry) -> std::size_t { return entry.second.size; });
        AppLog& log = largest->second;
        const std::size_t wanted = log.size / 2;
        while (!log.lines.empty() && log.size > wanted) drop_oldest(log);
    }
}

const std::deque<LogLine>& LogBuffer::lines(std::int64_t app) const {
    static const std::deque<LogLine> kNone;
    const auto entry = apps_.find(app);
    return entry == apps_.end() ? kNone : entry->second.lines;
}

void LogBuffer::forget(std::int64_t app) {
    const auto entry = apps_.find(app);
    if (entry == apps_.end()) return;
    total_size_ -= entry->second.size;
    apps_.erase(entry);
}

}  // namespace kpm::cli::monit

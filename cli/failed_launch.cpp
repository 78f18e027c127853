#include "cli/failed_launch.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/last_exit.h"

namespace kpm::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLogLimit{500};  // for the last words to reach the log, where there are some
constexpr std::chrono::microseconds kPause{500};
constexpr std::int64_t kClockGrain = 10;  // ms; files' times come from the kernel's coarse clock

std::vector<std::string> last_words(const ProcessRow& row, std::int64_t since) {
    const auto limit = Clock::now() + kLogLimit;
    for (;;) {
        auto lines = errors_since(row.error_log, since - kClockGrain);
        if (!lines.empty() || row.error_log.empty() || Clock::now() > limit) return lines;
        std::this_thread::sleep_for(kPause);
    }
}

void say_lines(const Context& context, const ProcessRow& row, const std::vector<std::string>& lines) {
    if (!lines.empty())
        context.console.error_line(fmt::format("last lines of {}:", printable(row.error_log)));
    for (const std::string& line : lines) context.console.error_line("    " + printable(line));
}

void say_of_replacement(const Context& context, const ProcessRow& row, std::int64_t since) {
    const auto lines = last_words(row, since);
    say_lines(context, row, lines);
    if (!lines.empty()) context.console.error_line(fmt::format("hint: `kpm logs {}` tells more", row.id));
}

}  // namespace

void say_failed_launch(Context& context, const FailedLaunch& failed) {
    context.console.error(failed.error.message);
    const auto list = context.session->brief_list();
    if (!list) return;  // a lost connection is the error itself
    for (const ProcessRow& row : list->rows) {
        if (failed.id ? row.id != *failed.id : row.name != failed.app) continue;
        const bool is_launched = row.online_since >= failed.since - kClockGrain;
        if (!is_launched && failed.is_replacement) return say_of_replacement(context, row, failed.since);
        // Otherwise the error says why nothing was launched.
        if (!is_launched || !text_of(row.env(), "failure").empty()) continue;
        if (row.status != "online") return say_last_words(context, row, row.online_since);
        // What still runs has said long ago what it has to say.
        say_lines(context, row, errors_since(row.error_log, row.online_since - kClockGrain));
        context.console.error_line(fmt::format(
            "hint: it goes on running; `kpm logs {}` tells more, and a longer listen_timeout gives "
            "it more time",
            row.id));
        return;
    }
}

void say_last_words(const Context& context, const ProcessRow& row, std::int64_t since) {
    say_lines(context, row, last_words(row, since));
    const bool goes_on = row.status != "stopped" && row.status != "errored";
    context.console.error_line(fmt::format(
        "hint: {}; `kpm why {}` tells more",
        goes_on ? "it is started again, as its configuration says" : "it is not started again", row.id));
}

}  // namespace kpm::cli

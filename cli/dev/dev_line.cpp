#include "cli/dev/dev_line.h"

#include <fmt/format.h>

#include <utility>

#include "cli/help.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"raw", "--raw", Takes::Nothing, "", "logs without names before the lines"},
    {"timestamp", "--timestamp", Takes::Nothing, "", "logs with the time before the lines"},
    {"ignore", "--ignore", Takes::Value, "files",
     "what the watch does not care for, separated by commas; node_modules is among it"},
    {"post-exec", "--post-exec", Takes::Value, "command", "run after each restart"},
    {"silent-exec", "--silent-exec", Takes::Nothing, "", "what that command prints is not shown"},
    {"auto-exit", "--auto-exit", Takes::Nothing, "", "end with 1 when no app runs any more"},
    {"test-mode", "--test-mode", Takes::Nothing, "", "end after the start; the apps go on"},
};
constexpr const char* kRestartDelay = "1000";  // ms

// What a start in development has beside what was given. Words that were given win.
Result<std::vector<GivenOption>> options_of_a_start(const std::vector<std::string>& ignored) {
    std::vector<std::string> words{"start", "--watch", "--restart-delay", kRestartDelay};
    if (!ignored.empty())
        words.insert(words.end(), {"--ignore-watch", fmt::format("{}", fmt::join(ignored, " "))});
    auto line = read_global_options(words);
    if (!line) return line.error();
    for (GivenOption& option : line->options) option.is_implied = true;
    return std::move(line->options);
}

}  // namespace

Result<DevLine> read_dev_line(std::span<const std::string> words) {
    auto read = read_global_options(words);
    if (!read) return read.error();
    DevLine result{.line = std::move(*read)};
    CommandLine& line = result.line;
    line.command.clear();  // it is among the words then
    if (const auto own = read_own_options(line, kOptions); !own) return own.error();
    if (!line.words.empty() && line.words.front() == "start") line.words.erase(line.words.begin());
    result.raw = line.has("raw");
    result.timestamp = line.has("timestamp");
    result.post_exec = line.value("post-exec");
    result.silent_exec = line.has("silent-exec");
    result.auto_exit = line.has("auto-exit");
    result.test_mode = line.has("test-mode");
    if (const auto ignored = line.value("ignore")) {
        for (const std::string_view one : split(*ignored, ','))
            if (!one.empty()) result.ignored.emplace_back(one);
        result.ignored.emplace_back("node_modules");
    }
    auto added = options_of_a_start(result.ignored);
    if (!added) return added.error();
    line.options.insert(line.options.begin(), added->begin(), added->end());
    return result;
}

std::span<const OptionSpec> dev_options() {
    return kOptions;
}

std::string dev_usage_text() {
    return "usage: kpm-dev [options] <script|configuration file> [-- arguments of the app]\n\n"
           "kpm-dev -h, --help     all options\n\n"
           "Runs apps in the foreground while they are written: a changed file starts them again, logs are\n"
           "shown, Ctrl-C ends them.\n";
}

std::string dev_help_text() {
    return "\n  Usage: kpm-dev [options] <script|configuration file> [-- arguments of the app]\n\n" +
           options_text("Options of development", kOptions) + options_text("Options", global_options());
}

bool is_dev_name(std::string_view argv0) {
    const std::string_view name = argv0.substr(argv0.rfind('/') + 1);
    return name == "kpm-dev" || name == "pm2-dev";
}

}  // namespace kpm::cli

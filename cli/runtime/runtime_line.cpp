#include "cli/runtime/runtime_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/help.h"
#include "ecosystem/duration.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"raw", "--raw", Takes::Nothing, "", "logs as they are, standard output and error apart (the default)"},
    {"formatted", "--formatted", Takes::Nothing, "", "logs with id and name before each line"},
    {"json", "--json", Takes::Nothing, "", "logs and events as JSON, one object a line"},
    {"format", "--format", Takes::Nothing, "", "logs as key=value fields"},
    {"delay", "--delay", Takes::Value, "seconds", "wait before the start"},
    {"grace", "--grace", Takes::Value, "seconds",
     "after SIGTERM or SIGINT, time limit for everything to end (default 9)"},
    {"no-auto-exit", "--no-auto-exit", Takes::Nothing, "", "keep running when no app is left"},
    {"web", "--web", Takes::OptionalValue, "port", "accepted for PM2's scripts"},
    {"secret", "--secret", Takes::Value, "key", "accepted for PM2's scripts"},
    {"public", "--public", Takes::Value, "key", "accepted for PM2's scripts"},
    {"machine-name", "--machine-name", Takes::Value, "name", "accepted for PM2's scripts"},
};

constexpr std::string_view kConsoles[] = {"raw", "formatted", "json", "format"};

// A bare number means seconds here, as in PM2.
Result<std::chrono::milliseconds> seconds_of(std::string_view option, const std::string& text) {
    auto read = ecosystem::parse_duration(is_number(text) ? text + "s" : text);
    if (!read)
        return Error{ErrorCode::Invalid, fmt::format("option `--{}': {}", option, read.error().message)};
    return *read;
}

}  // namespace

Result<RuntimeLine> read_runtime_line(std::span<const std::string> words) {
    auto read = read_global_options(words);
    if (!read) return read.error();
    RuntimeLine result{.line = std::move(*read)};
    CommandLine& line = result.line;
    line.command.clear();  // it is among the words then
    if (const auto own = read_own_options(line, kOptions); !own) return own.error();
    if (!line.words.empty() && line.words.front() == "start") line.words.erase(line.words.begin());
    for (const GivenOption& given : line.options)
        if (std::ranges::find(kConsoles, given.spec->key) != std::end(kConsoles))
            result.console = given.spec->key;
    result.auto_exit = !line.has("no-auto-exit");
    for (const auto& [key, time] : {std::pair{"delay", &result.delay}, std::pair{"grace", &result.grace}}) {
        const auto text = line.value(key);
        if (!text) continue;
        const auto value = seconds_of(key, *text);
        if (!value) return value.error();
        *time = *value;
    }
    return result;
}

std::span<const OptionSpec> runtime_options() {
    return kOptions;
}

std::string runtime_usage_text() {
    return "usage: kpm-runtime [options] <script|configuration file> [-- arguments of the app]\n\n"
           "kpm-runtime -h, --help     all options\n\n"
           "Runs apps in the foreground, as the first process of a container: logs go to standard output,\n"
           "the exit code is that of the last app that ends.\n";
}

std::string runtime_help_text() {
    return "\n  Usage: kpm-runtime [options] <script|configuration file> [-- arguments of the app]\n\n" +
           options_text("Options of a container", kOptions) + options_text("Options", global_options());
}

bool is_runtime_name(std::string_view argv0) {
    const std::string_view name = argv0.substr(argv0.rfind('/') + 1);
    return name == "kpm-runtime" || name == "pm2-runtime" || name == "pm2-docker";
}

}  // namespace kpm::cli

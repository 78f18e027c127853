#include "cli/last_exit.h"

#include <fmt/format.h>
#include <sys/stat.h>


#include "cli/log_tail.h"
#include "ipc/base/signal_name.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr std::size_t kLines = 8, kLinesRead = 60;

// "    at f (file.js:1:2)", of Node and Java: behind the line that says what has happened.
bool is_stack_frame(std::string_view line) {
    const std::size_t word = line.find_first_not_of(" \t");
    return word != 0 && word != std::string_view::npos && line.substr(word).starts_with("at ");
}

// The last lines that tell something, so that the cause is among them.
std::vector<std::string> telling(std::vector<std::string> lines) {
    if (lines.size() > kLines)
        std::erase_if(lines,
                      [](const std::string& line) { return trim(line).empty() || is_stack_frame(line); });
    if (lines.size() > kLines) lines.erase(lines.begin(), lines.end() - kLines);
    return lines;
}

bool is_written_since(const std::string& path, std::int64_t ms_since_1970) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || status.st_size == 0) return false;
    return status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000 >= ms_since_1970;
}

}  // namespace

std::string exit_cause(const Json& pm2_env) {
    if (std::string failure = text_of(pm2_env, "failure"); !failure.empty()) return failure;
    if (const auto number = integer_of(pm2_env, "exit_signal")) return "signal " + signal_name(static_cast<int>(*number));
    if (const auto code = integer_of(pm2_env, "exit_code")) return fmt::format("exit code {}", *code);
    return "";
}

LastExit last_exit_of(const ProcessRow& row) {
    LastExit exit;
    if (row.status == "online" || row.status == "launching") return exit;
    exit.cause = exit_cause(row.env());
    if (!exit.cause.empty()) exit.errors = errors_since(row.error_log, row.online_since);
    return exit;
}

std::vector<std::string> errors_since(const std::string& error_log, std::int64_t ms_since_1970) {
    if (error_log.empty() || !is_written_since(error_log, ms_since_1970)) return {};
    auto lines = last_lines(error_log, kLinesRead);
    return lines ? telling(std::move(*lines)) : std::vector<std::string>();
}

std::string last_exit_text(const LastExit& exit, std::string_view indent) {
    if (exit.cause.empty()) return "";
    std::string text = fmt::format("{}last exit: {}\n", indent, printable(exit.cause));
    for (const std::string& line : exit.errors) text += fmt::format("{}{}\n", indent, printable(line));
    return text;
}

}  // namespace kpm::cli

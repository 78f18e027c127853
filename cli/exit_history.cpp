#include "cli/exit_history.h"

#include <fmt/format.h>

namespace kpm::cli {
namespace {

constexpr std::string_view kSource = ": PM2 log: ";
constexpr std::string_view kCode = "exited with code [";
constexpr std::string_view kSignal = "via signal [";
constexpr std::string_view kEnded = "is ended: ";  // by a probe

// What stands behind `opening` up to the bracket.
std::string_view bracketed(std::string_view text, std::string_view opening) {
    const std::size_t at = text.find(opening);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + opening.size());
    return text.substr(0, text.find(']'));
}

}  // namespace

std::vector<PastExit> exits_in(const std::vector<std::string>& lines, std::string_view name, std::int64_t id,
                               std::size_t count) {
    const std::string label = fmt::format("App [{}:{}] ", name, id);
    std::vector<PastExit> exits;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        const std::string_view text = *line;
        const std::size_t source = text.find(kSource);
        // A daemon with an empty PM2_LOG_DATE_FORMAT writes the bare message.
        const bool has_date = source != std::string_view::npos;
        std::string_view message = has_date ? text.substr(source + kSource.size()) : text;
        if (!message.starts_with(label)) continue;
        message.remove_prefix(label.size());
        if (message.starts_with(kEnded) && !exits.empty()) {
            exits.front().cause += fmt::format(" ({})", message.substr(kEnded.size()));
            continue;
        }
        if (!message.starts_with(kCode)) continue;
        if (exits.size() == count) break;
        const std::string_view signal = bracketed(message, kSignal);
        exits.insert(exits.begin(), {std::string(has_date ? text.substr(0, source) : ""),
                                     signal.empty() ? fmt::format("exit code {}", bracketed(message, kCode))
                                                    : fmt::format("signal {}", signal)});
    }
    return exits;
}

}  // namespace kpm::cli

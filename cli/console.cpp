#include "cli/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace kpm::cli {
namespace {

void write(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

// What apps and files are called may hold anything: it must not drive the terminal.
std::string marked(std::string_view mark, std::string_view text) {
    std::string line(mark);
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        line += printable(text.substr(begin, end - begin)) + '\n';
        begin = end + 1;
    }
    return line;
}

}  // namespace

void Console::line(std::string_view text) const {
    if (!silent_ && !problems_only_) write(stdout, fmt::format("{}\n", text));
}

void Console::error_line(std::string_view text) const {
    if (!silent_) write(stderr, fmt::format("{}\n", text));
}

void Console::info(std::string_view text) const {
    if (silent_ || problems_only_) return;
    write(notices_on_stderr_ ? stderr : stdout, marked(paint()("[PM2] ", {Style::Green}), text));
}

void Console::warn(std::string_view text) const {
    if (silent_) return;
    write(notices_on_stderr_ ? stderr : stdout, marked(paint()("[PM2][WARN] ", {Style::Yellow}), text));
}

void Console::warn_on_stderr(std::string_view text) const {
    if (!silent_) write(stderr, marked(paint()("[PM2][WARN] ", {Style::Yellow}), text));
}

void Console::error(std::string_view text) const {
    if (!silent_) write(stderr, marked(paint()("[PM2][ERROR] ", {Style::Red}), text));
}

void Console::output(std::string_view text) const {
    write(stdout, text);
}

void Console::text(std::string_view text) const {
    if (!silent_ && !problems_only_) write(stdout, text);
}

}  // namespace kpm::cli

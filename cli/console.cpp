#include "cli/console.h"

#include <fmt/format.h>

#include <cstdio>

namespace kpm::cli {
namespace {

void write(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

}  // namespace

void Console::line(std::string_view text) const {
    if (!silent_) write(stdout, fmt::format("{}\n", text));
}

void Console::error_line(std::string_view text) const {
    if (!silent_) write(stderr, fmt::format("{}\n", text));
}

void Console::info(std::string_view text) const {
    if (silent_) return;
    write(notices_on_stderr_ ? stderr : stdout,
          fmt::format("{}{}\n", paint()("[PM2] ", {Style::Green}), text));
}

void Console::warn(std::string_view text) const {
    if (silent_) return;
    write(notices_on_stderr_ ? stderr : stdout,
          fmt::format("{}{}\n", paint()("[PM2][WARN] ", {Style::Yellow}), text));
}

void Console::warn_on_stderr(std::string_view text) const {
    if (!silent_) write(stderr, fmt::format("{}{}\n", paint()("[PM2][WARN] ", {Style::Yellow}), text));
}

void Console::error(std::string_view text) const {
    if (!silent_) write(stderr, fmt::format("{}{}\n", paint()("[PM2][ERROR] ", {Style::Red}), text));
}

void Console::output(std::string_view text) const {
    write(stdout, text);
}

void Console::text(std::string_view text) const {
    if (!silent_) write(stdout, text);
}

}  // namespace kpm::cli

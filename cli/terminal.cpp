#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

namespace kpm::cli {
namespace {

struct Codes {
    std::string_view open;
    std::string_view close;
};

// Indexed by Style.
constexpr std::array<Codes, 12> kCodes{{
    {"\x1b[1m", "\x1b[22m"},
    {"\x1b[2m", "\x1b[22m"},
    {"\x1b[3m", "\x1b[23m"},
    {"\x1b[7m", "\x1b[27m"},
    {"\x1b[31m", "\x1b[39m"},
    {"\x1b[32m", "\x1b[39m"},
    {"\x1b[33m", "\x1b[39m"},
    {"\x1b[34m", "\x1b[39m"},
    {"\x1b[36m", "\x1b[39m"},
    {"\x1b[37m", "\x1b[39m"},
    {"\x1b[90m", "\x1b[39m"},
    {"\x1b[100m", "\x1b[49m"},
}};

std::string wrapped(std::string_view text, const Codes& codes) {
    std::string result(codes.open);
    std::size_t from = 0;
    for (std::size_t at; (at = text.find(codes.close, from)) != std::string_view::npos;
         from = at + codes.close.size()) {
        result.append(text.substr(from, at - from)).append(codes.close).append(codes.open);
    }
    return result.append(text.substr(from)).append(codes.close);
}

// The end of the escape code (ESC [ … letter) that starts at `at`.
std::size_t end_of_escape(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    if (end < text.size() && text[end] == '[') {
        for (++end; end < text.size() && (text[end] < '@' || text[end] > '~');) ++end;
    }
    return end < text.size() ? end + 1 : text.size();
}

bool is_control(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

// Overrides and isolates of the direction of writing: what follows is shown in another order than it has.
bool turns_text(std::uint32_t c) {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool set_and_not_empty(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0xC2 || lead > 0xF4) return {lead, 1};
    const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (at + size > text.size()) return {lead, 1};
    std::uint32_t value = lead & (0xFFu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return {lead, 1};
        value = value << 6 | (byte(at + i) & 0x3Fu);
    }
    return {value, size};
}

int columns_of(std::uint32_t c) {
    const auto in = [c](std::uint32_t first, std::uint32_t last) { return c >= first && c <= last; };
    if (in(0x300, 0x36F) || in(0x200B, 0x200F) || in(0x20D0, 0x20FF) || in(0xFE00, 0xFE0F)) return 0;
    const bool wide = in(0x1100, 0x115F) || in(0x2E80, 0xA4CF) || in(0xAC00, 0xD7A3) || in(0xF900, 0xFAFF) ||
                      in(0xFE30, 0xFE6F) || in(0xFF00, 0xFF60) || in(0xFFE0, 0xFFE6) ||
                      in(0x1F300, 0x1F64F) || in(0x1F680, 0x1F6FF) || in(0x1F900, 0x1F9FF) ||
                      in(0x20000, 0x3FFFD);
    return wide ? 2 : 1;
}

Terminal detect_terminal(int fd, bool colour_refused) {
    Terminal terminal;
    terminal.is_tty = isatty(fd) == 1;
    if (winsize size{}; terminal.is_tty && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        terminal.width = size.ws_col;
    }
    const char* force = std::getenv("FORCE_COLOR");
    const char* term = std::getenv("TERM");
    const bool forced =
        force != nullptr && std::string_view(force) != "0" && std::string_view(force) != "false";
    const bool dumb = term != nullptr && std::string_view(term) == "dumb";
    terminal.colour = !colour_refused && !set_and_not_empty("NO_COLOR") &&
                      (forced || (terminal.is_tty && !dumb && force == nullptr));
    return terminal;
}

std::string Paint::operator()(std::string_view text, std::span<const Style> styles) const {
    std::string result(text);
    if (!colour_) return result;
    for (std::size_t i = styles.size(); i-- > 0;)
        result = wrapped(result, kCodes[static_cast<std::size_t>(styles[i])]);
    return result;
}

std::string printable(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint c = code_point_at(text, at);
        if (!is_control(c.value) && !turns_text(c.value)) result.append(text.substr(at, c.size));
        at += c.size;
    }
    return result;
}

int display_width(std::string_view text) {
    int width = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\x1b') {
            at = end_of_escape(text, at);
            continue;
        }
        const CodePoint c = code_point_at(text, at);
        width += columns_of(c.value);
        at += c.size;
    }
    return width;
}

std::string truncated(std::string_view text, int width) {
    if (display_width(text) <= width) return std::string(text);
    std::string result;
    int used = 1;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint c = code_point_at(text, at);
        used += columns_of(c.value);
        if (used > width) break;
        result.append(text.substr(at, c.size));
        at += c.size;
    }
    return result + "…";
}

}  // namespace kpm::cli

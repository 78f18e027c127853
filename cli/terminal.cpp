#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
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

struct CodeRange {
    std::uint32_t first, last;
};

// Unicode's nonspacing marks of Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari and Thai; joiners, marks
// of direction, selectors.
constexpr auto kNoColumn = std::to_array<CodeRange>({
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},   {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A}, {0x064B, 0x065F},   {0x0670, 0x0670},
    {0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x06E7, 0x06E8}, {0x06EA, 0x06ED},   {0x0900, 0x0902},
    {0x093A, 0x093A}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},   {0x0951, 0x0957},
    {0x0962, 0x0963}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},   {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
});

// East Asian Width W and F: among them what is shown as an emoji without being asked.
constexpr auto kTwoColumns = std::to_array<CodeRange>({
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x23F0, 0x23F0},
    {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},   {0x2648, 0x2653},   {0x267F, 0x267F},
    {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x26CE, 0x26CE},   {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27B0, 0x27B0},   {0x27BF, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},
    {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
});

constexpr bool is_sorted(std::span<const CodeRange> ranges) {
    for (std::size_t i = 1; i < ranges.size(); ++i)
        if (ranges[i].first <= ranges[i - 1].last) return false;
    return true;
}
static_assert(is_sorted(kNoColumn) && is_sorted(kTwoColumns));

bool is_in(std::span<const CodeRange> ranges, std::uint32_t c) {
    const auto range = std::ranges::lower_bound(ranges, c, {}, &CodeRange::last);
    return range != ranges.end() && range->first <= c;
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
    if (c < kNoColumn.front().first) return 1;
    if (is_in(kNoColumn, c)) return 0;
    return is_in(kTwoColumns, c) ? 2 : 1;
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

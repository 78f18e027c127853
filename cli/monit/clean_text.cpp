#include "cli/monit/clean_text.h"

#include <cstdint>

#include "cli/terminal.h"
#include "ecosystem/utf8.h"

namespace kpm::cli::monit {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kEscape = 0x1B, kBell = 0x07, kCsi = 0x9B, kStringEnd = 0x9C;
constexpr int kTabWidth = 4;

bool is_in(std::uint32_t c, std::uint32_t first, std::uint32_t last) {
    return c >= first && c <= last;
}

bool is_control(std::uint32_t c) {
    return c < 0x20 || is_in(c, 0x7F, 0x9F);
}

// Joiners, direction marks, variation selectors, tags: they have no cell of their own, and terminals disagree
// on what they do to the cells around.
bool is_invisible(std::uint32_t c) {
    return c == 0xAD || c == 0x61C || is_in(c, 0x200B, 0x200F) || is_in(c, 0x2028, 0x202E) ||
           is_in(c, 0x2060, 0x206F) || is_in(c, 0xFE00, 0xFE0F) || c == 0xFEFF || is_in(c, 0xFFF9, 0xFFFB) ||
           is_in(c, 0xE0000, 0xE01FF);
}

bool is_character(const CodePoint& c) {
    const bool is_stray_byte = c.size == 1 && c.value >= 0x80;
    return !is_stray_byte && c.value <= 0x10FFFF && !is_in(c.value, 0xD800, 0xDFFF);
}

// Behind the parameters and the final letter of ESC [.
std::size_t end_of_csi(std::string_view text, std::size_t at) {
    while (at < text.size() && is_in(static_cast<unsigned char>(text[at]), 0x20, 0x3F)) ++at;
    return at < text.size() && is_in(static_cast<unsigned char>(text[at]), 0x40, 0x7E) ? at + 1 : at;
}

// Behind the end of a string sequence: BEL, ESC \ or U+009C. One that does not end takes the rest.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const CodePoint c = code_point_at(text, at);
        at += c.size;
        if (c.value == kBell || (c.size == 2 && c.value == kStringEnd)) return at;
        if (c.value == kEscape) return at < text.size() && text[at] == '\\' ? at + 1 : at - 1;
    }
    return at;
}

// Behind the escape sequence that starts at `at` with ESC.
std::size_t end_of_escape(std::string_view text, std::size_t at) {
    if (++at >= text.size()) return at;
    const char kind = text[at];
    if (kind == '[') return end_of_csi(text, at + 1);
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_')
        return end_of_string(text, at + 1);
    while (at < text.size() && is_in(static_cast<unsigned char>(text[at]), 0x20, 0x2F)) ++at;
    return at < text.size() && is_in(static_cast<unsigned char>(text[at]), 0x30, 0x7E) ? at + 1 : at;
}

}  // namespace

std::string clean_text(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint c = code_point_at(text, at);
        if (c.value == kEscape) {
            at = end_of_escape(text, at);
            continue;
        }
        at += c.size;
        if (!is_character(c)) {
            ecosystem::append_utf8(result, kReplacement);
        } else if (c.value == kCsi) {
            at = end_of_csi(text, at);
        } else if (c.value == '\t') {
            result.append(kTabWidth, ' ');
        } else if (!is_control(c.value) && !is_invisible(c.value)) {
            ecosystem::append_utf8(result, c.value);
        }
    }
    return result;
}

}  // namespace kpm::cli::monit

#include "cli/js_literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "cli/process_row.h"
#include "cli/terminal.h"

namespace kpm::cli {
namespace {

constexpr int kBreakLength = 80;
constexpr int kCompactLevels = 3;
constexpr std::size_t kMaxElements = 100;
constexpr std::size_t kMaxCharacters = 10000;
constexpr std::size_t kShortestSplit = 16;

using Parts = std::vector<std::string>;

// JavaScript's length: UTF-16 units.
std::size_t length(std::string_view text) {
    std::size_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        units += (byte & 0xC0) == 0x80 ? 0u : byte >= 0xF0 ? 2u : 1u;
    }
    return units;
}

char quote_for(std::string_view text) {
    if (text.find('\'') == std::string_view::npos) return '\'';
    if (text.find('"') == std::string_view::npos) return '"';
    if (text.find('`') == std::string_view::npos && text.find("${") == std::string_view::npos) return '`';
    return '\'';
}

std::string quote_text(std::string_view text) {
    const char quote = quote_for(text);
    std::string result(1, quote);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
            case '\b':
                result += "\\b";
                continue;
            case '\t':
                result += "\\t";
                continue;
            case '\n':
                result += "\\n";
                continue;
            case '\f':
                result += "\\f";
                continue;
            case '\r':
                result += "\\r";
                continue;
            case '\\':
                result += "\\\\";
                continue;
            default:
                break;
        }
        const bool is_c1 =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c == quote) {
            result.append("\\").append(1, c);
        } else if (byte < 0x20 || byte == 0x7F) {
            result += fmt::format("\\x{:02X}", byte);
        } else if (is_c1) {
            result += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[++i]));
        } else {
            result += c;
        }
    }
    return result.append(1, quote);
}

bool is_identifier(std::string_view key) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !key.empty() && letter(key[0]) &&
           std::all_of(key.begin(), key.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string joined(const Parts& parts, std::string_view separator) {
    std::string text;
    for (const std::string& part : parts) {
        if (&part != &parts.front()) text += separator;
        text += part;
    }
    return text;
}

// Walks one value. `last_depth_` is the depth of the container laid out last: util.inspect decides by it how
// many levels lie below the present one.
class Inspector {
public:
    std::string text(const Json& value, int depth, int indentation) {
        switch (value.type()) {
            case Json::value_t::string:
                return string_text(value.get_ref<const std::string&>(), indentation);
            case Json::value_t::number_float:
                return number_text(value.get<double>());
            case Json::value_t::object:
                return object_text(value, depth, indentation);
            case Json::value_t::array:
                return array_text(value, depth, indentation);
            default:
                return value.dump();
        }
    }

private:
    std::string string_text(const std::string& whole, int indentation) {
        std::string_view text = whole;
        std::string trailer;
        if (text.size() > kMaxCharacters) {
            const std::size_t more = text.size() - kMaxCharacters;
            trailer = fmt::format("... {} more character{}", more, more == 1 ? "" : "s");
            text = text.substr(0, kMaxCharacters);
        }
        const int room = kBreakLength - indentation - 4;
        if (const auto units = length(text); units <= kShortestSplit || static_cast<int>(units) <= room)
            return quote_text(text) + trailer;
        Parts lines;
        for (std::size_t from = 0; from < text.size();) {
            const std::size_t end = std::min(text.find('\n', from), text.size() - 1) + 1;
            lines.push_back(quote_text(text.substr(from, end - from)));
            from = end;
        }
        return joined(lines, " +\n" + std::string(static_cast<std::size_t>(indentation), ' ')) + trailer;
    }

    std::string object_text(const Json& object, int depth, int indentation) {
        if (object.empty()) return "{}";
        last_depth_ = depth;
        Parts parts;
        for (const auto& [key, value] : object.items()) {
            parts.push_back((is_identifier(key) ? key : quote_text(key)) + ": " +
                            text(value, depth + 1, indentation + 2));
        }
        return laid_out(parts, parts.size(), {"{", "}"}, depth, indentation);
    }

    std::string array_text(const Json& array, int depth, int indentation) {
        if (array.empty()) return "[]";
        last_depth_ = depth;
        Parts parts;
        for (const Json& value : array) {
            if (parts.size() == kMaxElements) {
                const std::size_t more = array.size() - kMaxElements;
                parts.push_back(fmt::format("... {} more item{}", more, more == 1 ? "" : "s"));
                break;
            }
            parts.push_back(text(value, depth + 1, indentation + 2));
        }
        const std::size_t entries = parts.size();
        if (entries > 6) parts = in_columns(std::move(parts), array, indentation);
        return laid_out(parts, entries, {"[", "]"}, depth, indentation);
    }

    struct Braces {
        std::string_view open, close;
    };

    std::string laid_out(const Parts& parts, std::size_t entries, Braces braces, int depth,
                         int indentation) const {
        if (last_depth_ - depth < kCompactLevels && entries == parts.size()) {
            // Node's estimate of what stands on the line beside the parts.
            std::size_t total = parts.size() * 2 + static_cast<std::size_t>(indentation) + 1 + 10;
            for (const std::string& part : parts) total += length(part);
            const std::string line = joined(parts, ", ");
            if (total <= std::size_t{kBreakLength} && line.find('\n') == std::string::npos) {
                return fmt::format("{} {} {}", braces.open, line, braces.close);
            }
        }
        const std::string margin = "\n" + std::string(static_cast<std::size_t>(indentation), ' ');
        return fmt::format("{}{}  {}{}{}", braces.open, margin, joined(parts, "," + margin + "  "), margin,
                           braces.close);
    }

    // Arrays of more than six short elements are set in columns; numbers to the right.
    static Parts in_columns(Parts parts, const Json& array, int indentation) {
        const bool has_trailer = array.size() > kMaxElements;
        const std::size_t count = parts.size() - (has_trailer ? 1 : 0);
        int total = 0;
        int longest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            total += display_width(parts[i]) + 2;
            longest = std::max(longest, display_width(parts[i]));
        }
        const int widest = longest + 2;
        const bool regular = static_cast<double>(total) / widest > 5 || longest <= 6;
        if (widest * 3 + indentation >= kBreakLength || !regular) return parts;
        const double bias =
            std::sqrt(widest - static_cast<double>(total) / static_cast<double>(parts.size()));
        const double biased = std::max(widest - 3 - bias, 1.0);
        const double square = std::round(std::sqrt(2.5 * biased * static_cast<double>(count)) / biased);
        const double columns_wanted =
            std::min({square, std::floor((kBreakLength - indentation) / static_cast<double>(widest)),
                      static_cast<double>(kCompactLevels * 4), 15.0});
        if (columns_wanted <= 1) return parts;
        const auto columns = static_cast<std::size_t>(columns_wanted);
        std::vector<int> widths;
        for (std::size_t column = 0; column < columns; ++column) {
            int width = 0;
            for (std::size_t i = column; i < count; i += columns)
                width = std::max(width, display_width(parts[i]));
            widths.push_back(width + 2);
        }
        const bool numbers =
            std::all_of(array.begin(), array.end(), [](const Json& v) { return v.is_number(); });
        Parts lines;
        for (std::size_t i = 0; i < count; i += columns) {
            const std::size_t end = std::min(i + columns, count);
            std::string line;
            for (std::size_t j = i; j < end; ++j) {
                const bool is_last = j + 1 == end;
                const std::string cell = is_last ? parts[j] : parts[j] + ", ";
                const int width = widths[j - i] - (is_last ? 2 : 0);
                const std::string padding(static_cast<std::size_t>(std::max(0, width - display_width(cell))),
                                          ' ');
                line += numbers ? padding + cell : is_last ? cell : cell + padding;
            }
            lines.push_back(std::move(line));
        }
        if (has_trailer) lines.push_back(parts.back());
        return lines;
    }

    int last_depth_ = 0;
};

}  // namespace

std::string js_literal(const Json& value) {
    return Inspector().text(value, 0, 0);
}

}  // namespace kpm::cli

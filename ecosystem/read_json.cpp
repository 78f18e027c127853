#include "ecosystem/read_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "ecosystem/utf8.h"

namespace kpm::ecosystem {
namespace {

constexpr std::size_t kMaxShownLine = 120;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

// Recursive descent over the text. A failing step records the first error and returns false; the callers
// unwind.
class JsonReader {
public:
    JsonReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    Result<JsonDocument> read() {
        JsonDocument document;
        document.source.file = file_;
        source_ = &document.source;
        if (text_.size() > kMaxConfigSize)
            return Error{ErrorCode::Invalid,
                         fmt::format("cannot read '{}': larger than {} bytes", file_, kMaxConfigSize)};
        if (const auto invalid = find_invalid_utf8(text_); invalid != text_.size()) {
            fail(invalid, "expected UTF-8 text");
        } else {
            if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
            if (read_value(document.value, "", 0) && skip_blanks() && at_ != text_.size())
                fail(at_, fmt::format("expected the end of the file, found {}", found()));
        }
        if (error_) return *error_;
        return document;
    }

private:
    bool fail(std::size_t position, std::string reason) {
        if (error_) return false;
        position = std::min(position, text_.size());
        const auto before = text_.substr(0, position);
        const auto line = std::ranges::count(before, '\n') + 1;
        const std::size_t start = before.find_last_of('\n') + 1;  // npos + 1 is 0
        std::string shown(
            text_.substr(start, std::min(text_.find_first_of("\r\n", start), text_.size()) - start));
        std::string message = fmt::format("{}:{}:{}: {}", file_, line, position - start + 1, reason);
        if (shown.size() <= kMaxShownLine && find_invalid_utf8(shown) == shown.size()) {
            std::ranges::replace(shown, '\t', ' ');
            // The caret stands under a character, not under a byte.
            const auto column = std::ranges::count_if(
                shown.begin(),
                shown.begin() + static_cast<std::ptrdiff_t>(std::min(position - start, shown.size())),
                [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
            message +=
                fmt::format("\n    {}\n    {}^", shown, std::string(static_cast<std::size_t>(column), ' '));
        }
        error_ = Error{ErrorCode::Invalid, std::move(message)};
        return false;
    }

    std::string found() const {
        if (at_ >= text_.size()) return "the end of the file";
        const auto c = static_cast<unsigned char>(text_[at_]);
        return c >= 0x20 && c < 0x7F ? fmt::format("'{}'", text_[at_]) : fmt::format("byte 0x{:02x}", c);
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    // Blanks and comments; false for a comment without an end.
    bool skip_blanks() {
        for (;;) {
            at_ = std::min(text_.find_first_not_of(" \t\r\n\v\f", at_), text_.size());
            const std::string_view rest = text_.substr(at_);
            if (rest.starts_with("//")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (rest.starts_with("/*")) {
                const auto end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) return fail(at_, "expected the end of this comment");
                at_ = end + 2;
            } else {
                return true;
            }
        }
    }

    void note_line(const std::string& path, unsigned depth) {
        line_ += static_cast<unsigned>(std::ranges::count(text_.substr(counted_, at_ - counted_), '\n'));
        counted_ = at_;
        source_->note(path, depth, line_);
    }

    bool read_value(Json& value, const std::string& path, unsigned depth) {
        if (depth > kMaxConfigDepth)
            return fail(at_, fmt::format("nested deeper than {} levels", kMaxConfigDepth));
        if (!skip_blanks()) return false;
        note_line(path, depth);
        const char c = peek();
        if (c == '{') return read_object(value, path, depth);
        if (c == '[') return read_list(value, path, depth);
        if (c == '"' || c == '\'') {
            std::string text;
            if (!read_text(text)) return false;
            value = std::move(text);
            return true;
        }
        if (is_digit(c) || c == '-' || c == '+' || c == '.') return read_number(value);
        return read_literal(value);
    }

    bool read_object(Json& value, const std::string& path, unsigned depth) {
        value = Json::object();
        ++at_;
        while (skip_blanks()) {
            if (take('}')) return true;
            const std::size_t key_start = at_;
            std::string key;
            if (!read_key(key) || !skip_blanks()) return false;
            if (!take(':')) return fail(at_, fmt::format("expected ':' after '{}', found {}", key, found()));
            if (value.size() == kMaxConfigMembers)
                return fail(key_start, fmt::format("an object of more than {} keys", kMaxConfigMembers));
            Json& member = value[key];
            if (!read_value(member, SourceLines::member_path(path, key), depth + 1) || !skip_blanks())
                return false;
            if (!take(',') && peek() != '}')
                return fail(at_, fmt::format("expected ',' or '}}', found {}", found()));
        }
        return false;
    }

    bool read_list(Json& value, const std::string& path, unsigned depth) {
        value = Json::array();
        ++at_;
        while (skip_blanks()) {
            if (take(']')) return true;
            if (value.size() == kMaxConfigMembers)
                return fail(at_, fmt::format("a list of more than {} items", kMaxConfigMembers));
            const std::string item_path = SourceLines::item_path(path, value.size());
            if (!read_value(value.emplace_back(), item_path, depth + 1) || !skip_blanks()) return false;
            if (!take(',') && peek() != ']')
                return fail(at_, fmt::format("expected ',' or ']', found {}", found()));
        }
        return false;
    }

    bool read_key(std::string& key) {
        if (peek() == '"' || peek() == '\'') return read_text(key);
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word(text_[at_])) ++at_;
        if (at_ == start) return fail(at_, fmt::format("expected a key or '}}', found {}", found()));
        key = text_.substr(start, at_ - start);
        return true;
    }

    bool read_text(std::string& text) {
        const std::size_t start = at_;
        const char quote = text_[at_++];
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == quote) return true;
            if (c == '\n') break;
            if (c != '\\')
                text += c;
            else if (!read_escape(text))
                return false;
        }
        return fail(start, "expected the end of this text on the same line");
    }

    bool read_escape(std::string& text) {
        if (at_ >= text_.size()) return fail(at_, "expected a character after '\\'");
        switch (const char c = text_[at_++]) {
            case 'n':
                text += '\n';
                return true;
            case 't':
                text += '\t';
                return true;
            case 'r':
                text += '\r';
                return true;
            case 'b':
                text += '\b';
                return true;
            case 'f':
                text += '\f';
                return true;
            case 'v':
                text += '\v';
                return true;
            case '0':
                text += '\0';
                return true;
            case '\r':
                take('\n');
                return true;
            case '\n':
                return true;
            case 'x':
                return read_code(text, 2);
            case 'u':
                return read_code(text, 4);
            default:
                text += c;
                return true;
        }
    }

    std::optional<std::uint32_t> hex(std::size_t digits) {
        std::uint32_t number = 0;
        if (at_ + digits > text_.size()) return std::nullopt;
        const char* const begin = text_.data() + at_;
        const auto [end, failure] = std::from_chars(begin, begin + digits, number, 16);
        if (failure != std::errc{} || end != begin + digits) return std::nullopt;
        at_ += digits;
        return number;
    }

    bool read_code(std::string& text, std::size_t digits) {
        auto code = hex(digits);
        if (!code) return fail(at_, fmt::format("expected {} hexadecimal digits", digits));
        if (*code >= 0xD800 && *code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
            const std::size_t second = at_;
            at_ += 2;
            const auto low = hex(4);
            if (low && *low >= 0xDC00 && *low < 0xE000)
                code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
            else
                at_ = second;
        }
        append_utf8(text, *code);
        return true;
    }

    bool read_number(Json& value) {
        const std::size_t start = at_;
        const bool negative = take('-');
        if (!negative) take('+');
        const std::size_t digits = at_;
        while (at_ < text_.size() &&
               (is_word(text_[at_]) || text_[at_] == '.' ||
                ((text_[at_] == '-' || text_[at_] == '+') && (text_[at_ - 1] | 0x20) == 'e')))
            ++at_;
        const std::string_view number = text_.substr(digits, at_ - digits);
        if (!(parse_integer(number, negative, value) || parse_decimal(number, negative, value)))
            return fail(start, fmt::format("expected a number, found '{}'",
                                           text_.substr(start, std::min<std::size_t>(at_ - start, 40))));
        return true;
    }

    static bool parse_integer(std::string_view digits, bool negative, Json& value) {
        const bool is_hex = digits.starts_with("0x") || digits.starts_with("0X");
        if (is_hex) digits.remove_prefix(2);
        std::int64_t number = 0;
        const auto [end, failure] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number, is_hex ? 16 : 10);
        if (digits.empty() || digits.front() == '-' || failure != std::errc{} ||
            end != digits.data() + digits.size())
            return false;
        value = negative ? -number : number;
        return true;
    }

    static bool parse_decimal(std::string_view digits, bool negative, Json& value) {
        double number = 0;
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (digits.empty() || !(is_digit(digits.front()) || digits.front() == '.') ||
            failure != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(number))
            return false;
        value = negative ? -number : number;
        return true;
    }

    bool read_literal(Json& value) {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word(text_[at_])) ++at_;
        const std::string_view word = text_.substr(start, at_ - start);
        if (word == "true")
            value = true;
        else if (word == "false")
            value = false;
        else if (word == "null" || word == "undefined")
            value = nullptr;
        else if (word.empty())
            return fail(start, fmt::format("expected a value, found {}", found()));
        else
            return fail(
                start,
                fmt::format("expected a value, found '{}' (JSON here is data: no code, texts in quotes)",
                            word.substr(0, 40)));
        return true;
    }

    std::string_view text_;
    std::string file_;
    SourceLines* source_ = nullptr;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;  // lines up to here are in line_
    unsigned line_ = 1;
    std::optional<Error> error_;
};

}  // namespace

Result<JsonDocument> read_json(std::string_view text, std::string_view file) {
    return JsonReader(text, file).read();
}

}  // namespace kpm::ecosystem

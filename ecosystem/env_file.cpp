#include "ecosystem/env_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ecosystem/text_file.h"
#include "ecosystem/utf8.h"

namespace kpm::ecosystem {
namespace {

constexpr std::size_t kMaxVariables = 10'000;  // looking names up is linear
constexpr std::size_t kMaxShown = 40;
constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kExport = "export";

bool begins_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) {
    return begins_name(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

// A failing step records the error and returns false.
class EnvFileReader {
public:
    EnvFileReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    Result<Environment> read() {
        if (text_.size() > kMaxConfigSize)
            return Error{ErrorCode::Invalid,
                         fmt::format("cannot read '{}': larger than {} bytes", file_, kMaxConfigSize)};
        if (const auto invalid = find_invalid_utf8(text_); invalid != text_.size()) {
            fail(invalid, "expected UTF-8 text");
        } else if (const auto nul = text_.find('\0'); nul != std::string_view::npos) {
            fail(nul, "expected a text without NUL");
        } else if (const auto alone = lone_carriage_return(); alone != std::string_view::npos) {
            fail(alone, "expected a line feed after the carriage return");
        } else {
            if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
            while (at_ < text_.size() && read_line()) {
            }
        }
        if (error_) return *error_;
        return std::move(env_);
    }

private:
    bool fail(std::size_t position, std::string_view reason) {
        const auto line = std::ranges::count(text_.substr(0, position), '\n') + 1;
        error_ = Error{ErrorCode::Invalid, fmt::format("{}:{}: {}", file_, line, reason)};
        return false;
    }

    std::size_t lone_carriage_return() const {
        for (auto at = text_.find('\r'); at != std::string_view::npos; at = text_.find('\r', at + 1))
            if (!text_.substr(at).starts_with("\r\n")) return at;
        return std::string_view::npos;
    }

    bool at_line_end() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }

    std::string found() const {
        if (at_line_end()) return "the end of the line";
        const auto end = std::min(text_.find_first_of(" \t\r\n", at_), text_.size());
        return fmt::format("'{}'", cut(text_.substr(at_, end - at_)));
    }

    // Of a long text its beginning, whole characters.
    static std::string cut(std::string_view text) {
        if (text.size() <= kMaxShown) return std::string(text);
        text = text.substr(0, kMaxShown);
        return std::string(text.substr(0, find_invalid_utf8(text))) + "…";
    }

    void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
    void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1; }

    bool read_line() {
        skip_blanks();
        if (at_line_end() || text_[at_] == '#') {
            skip_line();
            return true;
        }
        std::string_view name = read_name();
        if (name == kExport && !at_line_end() && kBlanks.find(text_[at_]) != std::string_view::npos) {
            skip_blanks();
            if (at_line_end() || text_[at_] != '=') name = read_name();
        }
        if (name.empty()) return fail(at_, fmt::format("expected the name of a variable, found {}", found()));
        skip_blanks();
        if (at_line_end() || text_[at_] != '=')
            return fail(at_, fmt::format("expected '=' after '{}', found {}", cut(name), found()));
        ++at_;
        skip_blanks();
        std::string value;
        if (!read_value(name, value)) return false;
        if (env_.size() == kMaxVariables && !find_variable(env_, name))
            return fail(at_, fmt::format("more than {} variables", kMaxVariables));
        set_variable(env_, name, std::move(value));
        skip_line();
        return true;
    }

    std::string_view read_name() {
        const std::size_t start = at_;
        if (at_ < text_.size() && begins_name(text_[at_]))
            while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
        return text_.substr(start, at_ - start);
    }

    // Leaves at_ on the value's last line.
    bool read_value(std::string_view name, std::string& value) {
        const char quote = at_line_end() ? '\0' : text_[at_];
        if (quote != '"' && quote != '\'') {
            value = plain_value();
            return true;
        }
        if (!read_quoted(quote, value)) return false;
        skip_blanks();
        if (at_line_end() || text_[at_] == '#') return true;
        return fail(at_, fmt::format("expected the end of the line after the value of '{}', found {}",
                                     cut(name), found()));
    }

    std::string_view plain_value() const {
        std::string_view line = text_.substr(at_, text_.find_first_of("\r\n", at_) - at_);
        for (std::size_t hash = line.find('#'); hash != std::string_view::npos;
             hash = line.find('#', hash + 1)) {
            // After "NAME= " it stands at the beginning of what is left.
            const char before = hash == 0 ? text_[at_ - 1] : line[hash - 1];
            if (kBlanks.find(before) == std::string_view::npos) continue;
            line = line.substr(0, hash);
            break;
        }
        const auto end = line.find_last_not_of(kBlanks);
        return line.substr(0, end == std::string_view::npos ? 0 : end + 1);
    }

    bool read_quoted(char quote, std::string& value) {
        const std::size_t start = at_++;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == quote) return true;
            if (c == '\n' && quote == '\'') break;
            if (c == '\\' && at_ < text_.size())
                unescape(quote, text_[at_++], value);
            else if (!(c == '\r' && at_ < text_.size() && text_[at_] == '\n'))
                value += c;
        }
        return fail(start,
                    quote == '\'' ? "expected the closing ' on the same line" : "expected the closing \"");
    }

    // What is no escape keeps its backslash.
    static void unescape(char quote, char c, std::string& value) {
        const bool is_double = quote == '"';
        if (c == '\\' || c == quote || (is_double && c == '$'))
            value += c;
        else if (is_double && c == 'n')
            value += '\n';
        else if (is_double && c == 't')
            value += '\t';
        else if (is_double && c == 'r')
            value += '\r';
        else
            value += {'\\', c};
    }

    std::string_view text_;
    std::string_view file_;
    std::size_t at_ = 0;
    Environment env_;
    std::optional<Error> error_;
};

}  // namespace

Result<Environment> parse_env_file(std::string_view text, std::string_view file) {
    return EnvFileReader(text, file).read();
}

Result<Environment> read_env_file(const std::string& path) {
    auto text = read_text_file(path);
    if (!text) return text.error();
    return parse_env_file(*text, path);
}

}  // namespace kpm::ecosystem

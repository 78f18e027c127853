#include "cli/startup/quoting.h"

namespace kpm::cli {
namespace {

constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@";

bool is_plain(std::string_view text) {
    return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
}

}  // namespace

std::string shell_word(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    std::string word = "'";
    for (const char c : text) {
        if (c == '\'')
            word += "'\\''";
        else
            word += c;
    }
    return word + "'";
}

std::string unit_word(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '%' || c == '$') escaped += c;
        if (c == '"' || c == '\\') escaped += '\\';
        escaped += c;
    }
    return is_plain(text) ? escaped : "\"" + escaped + "\"";
}

std::string xml_text(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&apos;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

}  // namespace kpm::cli

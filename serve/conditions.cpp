#include "serve/conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "ipc/base/text.h"

namespace kpm::serve {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// "Sun, 06 Nov 1994 08:49:37 GMT", a digit for each 0.
constexpr std::string_view kForm = "AAA, 00 AAA 0000 00:00:00 GMT";

bool has_form(std::string_view text) {
    if (text.size() != kForm.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_letter_place = i < 3 || (i >= 8 && i < 11);
        const bool fits =
            kForm[i] == '0' ? text[i] >= '0' && text[i] <= '9' : is_letter_place || text[i] == kForm[i];
        if (!fits) return false;
    }
    return true;
}

int number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
}

// By RFC 9110 If-None-Match compares weakly: W/"x" is "x".
std::string_view without_weakness(std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
}

}  // namespace

std::string make_etag(std::uint64_t size, const timespec& modified) {
    return fmt::format("\"{:x}-{:x}.{:x}\"", size, modified.tv_sec, modified.tv_nsec);
}

std::string http_date(std::time_t time) {
    std::tm utc{};
    if (gmtime_r(&time, &utc) == nullptr) return "Thu, 01 Jan 1970 00:00:00 GMT";
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                       kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                       utc.tm_min, utc.tm_sec);
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
    if (!has_form(text)) return std::nullopt;
    const auto month = std::ranges::find(kMonths, text.substr(8, 3));
    if (month == kMonths.end() || std::ranges::find(kDays, text.substr(0, 3)) == kDays.end())
        return std::nullopt;
    std::tm utc{};
    utc.tm_mday = number_at(text, 5, 2);
    utc.tm_mon = static_cast<int>(month - kMonths.begin());
    utc.tm_year = number_at(text, 12, 4) - 1900;
    utc.tm_hour = number_at(text, 17, 2);
    utc.tm_min = number_at(text, 20, 2);
    utc.tm_sec = number_at(text, 23, 2);
    const bool is_time =
        utc.tm_mday >= 1 && utc.tm_mday <= 31 && utc.tm_hour < 24 && utc.tm_min < 60 && utc.tm_sec < 60;
    if (!is_time) return std::nullopt;
    return timegm(&utc);
}

bool is_unchanged(const Conditions& conditions, std::string_view etag, std::time_t modified) {
    if (conditions.if_none_match) {
        const auto tags = split(*conditions.if_none_match, ',');
        return std::ranges::any_of(tags, [&](std::string_view tag) {
            const std::string_view word = trim(tag);
            return word == "*" || without_weakness(word) == etag;
        });
    }
    const auto since = parse_http_date(conditions.if_modified_since);
    return since && modified <= *since;
}

bool range_applies(const Conditions& conditions, std::string_view etag, std::time_t modified) {
    if (conditions.if_range.empty()) return true;
    if (conditions.if_range.front() == '"') return conditions.if_range == etag;
    const auto date = parse_http_date(conditions.if_range);
    return date && *date == modified;
}

}  // namespace kpm::serve

#include "ipc/base/date_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace kpm {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
// The longest of each letter first: the first that matches is taken.
constexpr std::string_view kTokens[] = {"YYYY", "YY", "MMMM", "MMM", "MM",  "M",  "DD", "D", "dddd",
                                        "ddd",  "dd", "d",    "HH",  "H",   "hh", "h",  "a", "A",
                                        "mm",   "m",  "ss",   "s",   "SSS", "ZZ", "Z"};

struct Fields {
    int year;
    unsigned month, day, weekday;  // month from 1, weekday from Sunday = 0
    int hour, minute, second, millisecond;
    seconds utc_offset;
};

Fields break_down(WallTime time, seconds utc_offset) {
    const auto local = floor<milliseconds>(time) + utc_offset;
    const auto day = floor<days>(local);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{local - day};
    return {.year = static_cast<int>(date.year()),
            .month = static_cast<unsigned>(date.month()),
            .day = static_cast<unsigned>(date.day()),
            .weekday = std::chrono::weekday{day}.c_encoding(),
            .hour = static_cast<int>(clock.hours().count()),
            .minute = static_cast<int>(clock.minutes().count()),
            .second = static_cast<int>(clock.seconds().count()),
            .millisecond = static_cast<int>(clock.subseconds().count()),
            .utc_offset = utc_offset};
}

std::string offset_text(seconds utc_offset, std::string_view separator) {
    const auto minutes =
        std::chrono::abs(std::chrono::duration_cast<std::chrono::minutes>(utc_offset)).count();
    return fmt::format("{}{:02}{}{:02}", utc_offset.count() < 0 ? '-' : '+', minutes / 60, separator,
                       minutes % 60);
}

std::string token_text(std::string_view token, const Fields& f) {
    const int twelve = f.hour % 12 == 0 ? 12 : f.hour % 12;
    if (token == "YYYY") return fmt::format("{:04}", f.year);
    if (token == "YY") return fmt::format("{:02}", f.year % 100);
    if (token == "MMMM") return std::string(kMonths[f.month - 1]);
    if (token == "MMM") return std::string(kMonths[f.month - 1].substr(0, 3));
    if (token == "MM") return fmt::format("{:02}", f.month);
    if (token == "M") return fmt::format("{}", f.month);
    if (token == "DD") return fmt::format("{:02}", f.day);
    if (token == "D") return fmt::format("{}", f.day);
    if (token == "dddd") return std::string(kDays[f.weekday]);
    if (token == "ddd") return std::string(kDays[f.weekday].substr(0, 3));
    if (token == "dd") return std::string(kDays[f.weekday].substr(0, 2));
    if (token == "d") return fmt::format("{}", f.weekday);
    if (token == "HH") return fmt::format("{:02}", f.hour);
    if (token == "H") return fmt::format("{}", f.hour);
    if (token == "hh") return fmt::format("{:02}", twelve);
    if (token == "h") return fmt::format("{}", twelve);
    if (token == "a") return f.hour < 12 ? "am" : "pm";
    if (token == "A") return f.hour < 12 ? "AM" : "PM";
    if (token == "mm") return fmt::format("{:02}", f.minute);
    if (token == "m") return fmt::format("{}", f.minute);
    if (token == "ss") return fmt::format("{:02}", f.second);
    if (token == "s") return fmt::format("{}", f.second);
    if (token == "SSS") return fmt::format("{:03}", f.millisecond);
    if (token == "Z") return offset_text(f.utc_offset, ":");
    return offset_text(f.utc_offset, "");  // ZZ
}

}  // namespace

std::string format_date(std::string_view format, WallTime time, seconds utc_offset) {
    const Fields fields = break_down(time, utc_offset);
    std::string text;
    while (!format.empty()) {
        if (format.front() == '[') {
            if (const std::size_t end = format.find(']'); end != std::string_view::npos) {
                text += format.substr(1, end - 1);
                format.remove_prefix(end + 1);
                continue;
            }
        }
        const auto token =
            std::find_if(std::begin(kTokens), std::end(kTokens),
                         [&](std::string_view candidate) { return format.starts_with(candidate); });
        if (token == std::end(kTokens)) {
            text += format.front();
            format.remove_prefix(1);
        } else {
            text += token_text(*token, fields);
            format.remove_prefix(token->size());
        }
    }
    return text;
}

std::string iso_date(WallTime time) {
    return format_date("YYYY-MM-DDTHH:mm:ss.SSS[Z]", time, seconds{0});
}

}  // namespace kpm

#include "daemon/core/cron_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "ipc/base/text.h"

namespace kpm::core {
namespace {

constexpr std::string_view kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                            "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdayNames[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Nickname {
    std::string_view name, schedule;
};
constexpr Nickname kNicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};

struct Field {
    std::string_view name;
    int least, most;
    int open_end;  // where * and 5/10 end
    std::span<const std::string_view> value_names;
    int made;  // what ? stands for
};

struct Range {
    int first, last, step;
};

// Only the reason; parse_cron adds what was to be parsed.
Error reason(std::string text) {
    return {ErrorCode::Invalid, std::move(text)};
}

std::optional<int> number_of(std::string_view text) {
    int number = 0;
    if (!is_number(text)) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    return number;
}

Result<int> parse_value(const Field& field, std::string_view text) {
    if (text == "?") return field.made;
    const auto name = std::ranges::find(field.value_names, lower(text));
    if (name != field.value_names.end())
        return static_cast<int>(name - field.value_names.begin()) + field.least;
    if (!is_number(text)) return reason(fmt::format("the {} '{}' is not a number", field.name, text));
    const auto number = number_of(text);
    if (!number || *number < field.least || *number > field.most)
        return reason(
            fmt::format("the {} '{}' is not between {} and {}", field.name, text, field.least, field.most));
    return *number;
}

Result<Range> parse_range(const Field& field, std::string_view text) {
    if (text == "*") return Range{field.least, field.open_end, 1};
    const std::size_t dash = text.find('-');
    const Result<int> first = parse_value(field, text.substr(0, dash));
    if (!first) return first.error();
    if (dash == std::string_view::npos) return Range{*first, *first, 1};
    Result<int> last = parse_value(field, text.substr(dash + 1));
    if (!last) return last.error();
    if (*last == 0 && *first > 0 && field.most == 7) *last = 7;  // FRI-SUN
    if (*first > *last) return reason(fmt::format("the {} '{}' ends before it begins", field.name, text));
    return Range{*first, *last, 1};
}

Result<Range> parse_element(const Field& field, std::string_view text) {
    const std::size_t slash = text.find('/');
    Result<Range> range = parse_range(field, text.substr(0, slash));
    if (!range || slash == std::string_view::npos) return range;
    const auto step = number_of(text.substr(slash + 1));
    const int most = field.most - field.least + 1;
    if (!step || *step < 1 || *step > most)
        return reason(fmt::format("the step '{}' of the {} is not between 1 and {}", text.substr(slash + 1),
                                  field.name, most));
    if (text.substr(0, slash).find('-') == std::string_view::npos)
        range->last = std::max(range->first, field.open_end);
    range->step = *step;
    return range;
}

// `read` is given each element of the list.
template <class Read>
Result<void> parse_list(std::string_view text, Read read) {
    for (const std::string_view element : split(text, ','))
        if (Result<void> done = read(element); !done) return done;
    return {};
}

template <class Add>
Result<void> add_element(const Field& field, std::string_view text, Add add) {
    const Result<Range> range = parse_element(field, text);
    if (!range) return range.error();
    for (int number = range->first; number <= range->last; number += range->step) add(number);
    return {};
}

Result<void> parse_set(const Field& field, std::string_view text, std::uint64_t& set) {
    return parse_list(text, [&](std::string_view element) {
        return add_element(field, element, [&](int number) { set |= std::uint64_t{1} << number; });
    });
}

Result<void> parse_days(const Field& field, std::string_view text, CronFields& fields) {
    return parse_list(text, [&](std::string_view element) -> Result<void> {
        const auto add_to = [](std::uint64_t& set) {
            return [&set](int number) { set |= std::uint64_t{1} << number; };
        };
        if (lower(element) == "l") {
            fields.last_day = true;
            return {};
        }
        if (lower(element) == "lw") {
            fields.last_weekday = true;
            return {};
        }
        if (!lower(element).ends_with('w')) return add_element(field, element, add_to(fields.days));
        const Result<int> day = parse_value(field, element.substr(0, element.size() - 1));
        if (!day) return day.error();
        add_to(fields.nearest_weekday_to)(*day);
        return {};
    });
}

Result<void> parse_weekdays(const Field& field, std::string_view text, CronFields& fields) {
    if (text.starts_with('+')) text.remove_prefix(1);
    return parse_list(text, [&](std::string_view element) -> Result<void> {
        std::uint8_t weeks = kEveryWeek;
        if (const std::size_t hash = element.find('#'); hash != std::string_view::npos) {
            const std::string_view week = element.substr(hash + 1);
            const auto number = number_of(week);
            if (lower(week) == "l")
                weeks = kLastWeek;
            else if (number && *number >= 1 && *number <= 5)
                weeks = static_cast<std::uint8_t>(1 << *number);
            else
                return reason(fmt::format("'{}' after the # of the {} is not between 1 and 5 and not L", week,
                                          field.name));
            element = element.substr(0, hash);
        }
        return add_element(field, element, [&](int number) {
            auto& entry = fields.weeks[static_cast<std::size_t>(number % 7)];
            entry = static_cast<std::uint8_t>(entry | weeks);
        });
    });
}

Result<void> parse_years(const Field& field, std::string_view text, CronFields& fields) {
    if (text == "*") return {};
    fields.years.resize(kLastCronYear + 1);
    return parse_list(text, [&](std::string_view element) {
        return add_element(field, element,
                           [&](int number) { fields.years[static_cast<std::size_t>(number)] = true; });
    });
}

std::vector<std::string_view> words_of(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n\v\f";
    std::vector<std::string_view> words;
    for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
        words.push_back(text.substr(at, end - at));
        at = text.find_first_not_of(kBlanks, end);
    }
    return words;
}

Result<CronFields> parse_words(std::vector<std::string_view> words, std::chrono::local_seconds made) {
    if (words.size() == 1 && words[0].starts_with('@')) {
        const auto nickname = std::ranges::find(kNicknames, lower(words[0]), &Nickname::name);
        if (nickname == std::end(kNicknames))
            return reason(
                "the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly");
        words = words_of(nickname->schedule);
    }
    if (words.size() < 5 || words.size() > 7)
        return reason(
            fmt::format("it has {} field{}, not 5 to 7", words.size(), words.size() == 1 ? "" : "s"));
    if (words.size() == 5) words.insert(words.begin(), "0");
    if (words.size() == 6) words.push_back("*");

    const auto day = std::chrono::floor<std::chrono::days>(made);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{made - day};
    const auto number = [](auto value) { return static_cast<int>(value); };
    CronFields fields;
    const Result<void> results[] = {
        parse_set({"second", 0, 59, 59, {}, number(time.seconds().count())}, words[0], fields.seconds),
        parse_set({"minute", 0, 59, 59, {}, number(time.minutes().count())}, words[1], fields.minutes),
        parse_set({"hour", 0, 23, 23, {}, number(time.hours().count())}, words[2], fields.hours),
        parse_days({"day of the month", 1, 31, 31, {}, number(unsigned{date.day()})}, words[3], fields),
        parse_set({"month", 1, 12, 12, kMonthNames, number(unsigned{date.month()})}, words[4], fields.months),
        parse_weekdays(
            {"day of the week", 0, 7, 6, kWeekdayNames, number(std::chrono::weekday{day}.c_encoding())},
            words[5], fields),
        parse_years({"year",
                     kFirstCronYear,
                     kLastCronYear,
                     kLastCronYear,
                     {},
                     std::clamp(int{date.year()}, kFirstCronYear, kLastCronYear)},
                    words[6], fields),
    };
    for (const Result<void>& result : results)
        if (!result) return result.error();
    return fields;
}

}  // namespace

Result<CronFields> parse_cron(std::string_view text, std::chrono::local_seconds made) {
    Result<CronFields> fields = parse_words(words_of(text), made);
    if (!fields) return reason(fmt::format("cannot parse '{}': {}", text, fields.error().message));
    return fields;
}

}  // namespace kpm::core

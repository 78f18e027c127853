#include "daemon/core/cron_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/core/cron_fields.h"

namespace kpm::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Takes what it reads off the front of `rest`.
class DateReader {
public:
    explicit DateReader(std::string_view text) : rest_(text) {}

    bool is_done() const { return rest_.empty(); }

    bool take(char one, char other = 0) {
        if (rest_.empty() || (rest_.front() != one && (other == 0 || rest_.front() != other))) return false;
        rest_.remove_prefix(1);
        return true;
    }

    // At most four digits.
    std::optional<int> number() {
        const std::size_t length = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        if (length == 0 || length > 4) return std::nullopt;
        int value = 0;
        std::from_chars(rest_.data(), rest_.data() + length, value);
        rest_.remove_prefix(length);
        return value;
    }

    std::optional<CronDate> date() {
        const auto year = number();
        const auto month = take('-') ? number() : std::nullopt;
        const auto day = take('-') ? number() : std::nullopt;
        const bool has_time = take('T', 't') || take(' ');
        const auto hour = has_time ? number() : std::nullopt;
        const auto minute = take(':') ? number() : std::nullopt;
        const auto second = take(':') ? number() : std::nullopt;
        if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
        if (*month > 12 || *day > 31) return std::nullopt;  // chrono's types keep a byte of them
        const std::chrono::year_month_day date{std::chrono::year{*year},
                                               std::chrono::month{static_cast<unsigned>(*month)},
                                               std::chrono::day{static_cast<unsigned>(*day)}};
        const bool is_in_range =
            date.ok() && *year >= kFirstCronYear && *hour < 24 && *minute < 60 && *second < 60;
        if (!is_in_range) return std::nullopt;
        return CronDate{std::chrono::local_days{date} + hours{*hour} + minutes{*minute} + seconds{*second},
                        {}};
    }

    // "Z" or "+02:00" or "-0330"; nothing is fine. False: what stands there is neither.
    bool zone(std::optional<seconds>& offset) {
        if (is_done()) return true;
        if (take('Z', 'z')) {
            offset = seconds{0};
            return is_done();
        }
        const bool is_west = take('-');
        if (!is_west && !take('+')) return false;
        auto hour = number();
        auto minute = take(':') ? number() : std::optional(0);
        if (!hour || !minute || !is_done()) return false;
        if (*hour >= 100) {
            minute = *hour % 100;
            hour = *hour / 100;
        }
        if (*hour > 14 || *minute > 59) return false;
        const seconds east = hours{*hour} + minutes{*minute};
        offset = is_west ? -east : east;
        return true;
    }

private:
    std::string_view rest_;
};

}  // namespace

bool is_cron_date(std::string_view text) {
    const auto colon = text.find(':');
    return colon != std::string_view::npos && colon > 0;
}

Result<CronDate> parse_cron_date(std::string_view text) {
    DateReader reader(text);
    auto date = reader.date();
    if (!date || !reader.zone(date->offset))
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot parse '{}': it is no date such as 2026-12-01T10:00:00 or "
                                 "2026-12-01T10:00:00Z",
                                 text)};
    return *date;
}

}  // namespace kpm::core

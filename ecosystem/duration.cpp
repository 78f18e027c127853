#include "ecosystem/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

struct Unit {
    std::string_view text;
    std::int64_t milliseconds;
};
// Largest first: to_text takes the first that divides. "ms" is found before "m" and "s" by its length.
constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr double kLongest = 100.0 * 366 * 86'400'000;

Error bad_duration(std::string_view text) {
    return Error{
        ErrorCode::Invalid,
        fmt::format("cannot read duration '{}': expected milliseconds or a number with ms, s, m, h or d, "
                    "such as 10s",
                    text)};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    const std::string_view whole = trim(text);
    const std::size_t unit_start = std::min(whole.find_first_not_of("0123456789."), whole.size());
    const std::string_view unit_text = trim(whole.substr(unit_start));
    std::int64_t factor = unit_text.empty() ? 1 : 0;
    for (const Unit& unit : kUnits)
        if (unit_text == unit.text) factor = unit.milliseconds;
    double number = 0;
    const auto [end, failure] =
        std::from_chars(whole.data(), whole.data() + unit_start, number, std::chars_format::fixed);
    if (factor == 0 || failure != std::errc{} || end != whole.data() + unit_start) return bad_duration(text);
    const double milliseconds = std::floor(number * static_cast<double>(factor));
    if (!(milliseconds <= kLongest)) return bad_duration(text);
    return Duration(static_cast<std::int64_t>(milliseconds));
}

std::string to_text(Duration duration) {
    for (const Unit& unit : kUnits)
        if (duration.count() != 0 && duration.count() % unit.milliseconds == 0)
            return fmt::format("{}{}", duration.count() / unit.milliseconds, unit.text);
    return fmt::format("{}ms", duration.count());
}

}  // namespace kpm::ecosystem

#include "ecosystem/byte_size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

struct Unit {
    char letter;
    std::uint64_t size;
};
// Largest first: to_text takes the first that divides.
constexpr std::array<Unit, 4> kUnits{
    {{'T', 1ull << 40}, {'G', 1ull << 30}, {'M', 1ull << 20}, {'K', 1ull << 10}}};

// Doubles hold whole numbers exactly up to here; no machine has more memory.
constexpr double kLargest = 9007199254740992.0;

Error bad_size(std::string_view text) {
    return Error{
        ErrorCode::Invalid,
        fmt::format("cannot read size '{}': expected a number with K, M, G or T, such as 150M", text)};
}

}  // namespace

Result<Bytes> parse_byte_size(std::string_view text) {
    std::string_view rest = trim(text);
    std::uint64_t factor = 1;
    if (!rest.empty() && (rest.back() == 'B' || rest.back() == 'b')) rest.remove_suffix(1);
    for (const Unit& unit : kUnits)
        if (!rest.empty() && (rest.back() == unit.letter || rest.back() == unit.letter - 'A' + 'a')) {
            factor = unit.size;
            rest = trim(rest.substr(0, rest.size() - 1));
            break;
        }
    double number = 0;
    const auto [end, failure] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (failure != std::errc{} || end != rest.data() + rest.size() || !std::isfinite(number) || number < 0)
        return bad_size(text);
    const double size = std::floor(number * static_cast<double>(factor));
    if (size > kLargest) return bad_size(text);
    return Bytes{static_cast<std::uint64_t>(size)};
}

std::string to_text(Bytes size) {
    for (const Unit& unit : kUnits)
        if (size.count != 0 && size.count % unit.size == 0)
            return fmt::format("{}{}", size.count / unit.size, unit.letter);
    return std::to_string(size.count);
}

}  // namespace kpm::ecosystem

#include "serve/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "ipc/base/text.h"

namespace kpm::serve {
namespace {

constexpr std::string_view kUnit = "bytes=";

// A number that does not fit is one behind the end of any file.
std::optional<std::uint64_t> number(std::string_view text) {
    if (!is_number(text)) return std::nullopt;
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : value;
}

}  // namespace

ByteRange parse_range(std::string_view header, std::uint64_t size) {
    using Kind = ByteRange::Kind;
    const ByteRange whole{Kind::Whole, 0, size};
    if (lower(header.substr(0, kUnit.size())) != kUnit) return whole;
    const std::string_view range = trim(header.substr(kUnit.size()));
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) return whole;
    const std::string_view first = trim(range.substr(0, dash)), last = trim(range.substr(dash + 1));
    if (first.empty()) {  // the last n bytes
        const auto count = number(last);
        if (!count) return whole;
        if (*count == 0 || size == 0) return {Kind::Unsatisfiable, 0, 0};
        const std::uint64_t length = std::min(*count, size);
        return {Kind::Part, size - length, length};
    }
    const auto begin = number(first);
    const auto end = last.empty() ? std::optional(std::numeric_limits<std::uint64_t>::max()) : number(last);
    if (!begin || !end || *end < *begin) return whole;
    if (*begin >= size) return {Kind::Unsatisfiable, 0, 0};
    return {Kind::Part, *begin, std::min(*end, size - 1) - *begin + 1};
}

}  // namespace kpm::serve

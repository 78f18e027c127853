#include "ecosystem/json_scalar.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

constexpr std::size_t kShownText = 60;

std::string describe(const Json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "a list";
    std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > kShownText) text = text.substr(0, kShownText) + "…\"";
    return text;
}

}  // namespace

std::string expected(std::string_view what, const Json& found) {
    return fmt::format("expected {}, found {}", what, describe(found));
}

std::optional<std::int64_t> whole_number(const Json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_number_float()) {
        const double number = value.get<double>();
        if (std::trunc(number) != number || std::abs(number) > 9e15) return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (!value.is_string()) return std::nullopt;
    const auto& whole = value.get_ref<const std::string&>();
    const std::string_view text = trim(whole);
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<int> small_number(const Json& value) {
    const auto number = whole_number(value);
    if (!number || *number < std::numeric_limits<int>::min() || *number > std::numeric_limits<int>::max())
        return std::nullopt;
    return static_cast<int>(*number);
}

std::optional<std::string> scalar_text(const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (text.find('\0') != std::string::npos) return std::nullopt;
        return text;
    }
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
}

std::string snake_case(std::string_view name) {
    std::string result;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') {
            if (!result.empty()) result += '_';
            result += static_cast<char>(c - 'A' + 'a');
        } else {
            result += c;
        }
    }
    return result;
}

std::string camel_case(std::string_view name) {
    std::string result;
    bool is_upper = false;
    for (const char c : name) {
        if (c != '_') result += is_upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        is_upper = c == '_';
    }
    return result;
}

}  // namespace kpm::ecosystem

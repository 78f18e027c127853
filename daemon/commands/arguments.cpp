#include "daemon/commands/arguments.h"

#include <charconv>

namespace kpm::core {
namespace {
const Json kNull;
}

const Json& argument(const Json& args, std::size_t index) {
    return args.is_array() && index < args.size() ? args[index] : kNull;
}

const Json& member_of(const Json& value, const char* key) {
    if (!value.is_object()) return kNull;
    const auto it = value.find(key);
    return it == value.end() ? kNull : *it;
}

std::optional<int> as_id(const Json& value) {
    if (value.is_number_integer()) {
        const auto number = value.get<std::int64_t>();
        if (number < 0 || number > std::numeric_limits<int>::max()) return std::nullopt;
        return static_cast<int>(number);
    }
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    int id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size() || id < 0) return std::nullopt;
    return id;
}

std::optional<int> id_or_member(const Json& value, const char* key) {
    return as_id(value.is_object() ? member_of(value, key) : value);
}

std::string shown(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string text_member(const Json& value, const char* key) {
    const Json& text = member_of(value, key);
    return text.is_string() ? text.get<std::string>() : std::string{};
}

}  // namespace kpm::core

#include "render-worker/genome/fields.h"

#include <fmt/format.h>

#include <cmath>

#include "ipc/base/json.h"
#include "render-worker/genome/genome_error.h"

namespace kpm::render {

void Fault::set(std::string_view place, std::string_view reason) {
    if (!error_) error_ = genome_error(place, reason);
}

Fields::Fields(const Json& object, std::string place, Fault& fault)
    : object_(object), place_(std::move(place)), fault_(fault) {
    if (!object_.is_object()) fault_.set(place_, "not an object");
}

const Json* Fields::find(std::string_view key) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(std::string(key));
    return it == object_.end() || it->is_null() ? nullptr : &*it;
}

std::optional<double> finite_number(const Json& value) {
    if (!value.is_number()) return std::nullopt;
    const auto number = value.get<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<double> Fields::number(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const auto result = finite_number(*value);
    if (!result) fault(key, "not a finite number");
    return result;
}

std::optional<std::string> Fields::text(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    fault(key, "not a string");
    return std::nullopt;
}

std::optional<std::string> Fields::id(std::string_view key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    if (value->is_number_unsigned()) return fmt::format("{}", value->get<std::uint64_t>());
    if (value->is_number_integer()) return fmt::format("{}", value->get<std::int64_t>());
    fault(key, "neither a string nor a whole number");
    return std::nullopt;
}

std::uint32_t Fields::count(std::string_view key, std::uint32_t max) const {
    const auto value = number(key);
    if (value && *value >= 0 && *value <= max && *value == std::floor(*value))
        return static_cast<std::uint32_t>(*value);
    fault(key, fmt::format("not a count from 0 to {}", max));
    return 0;
}

const Json& Fields::list(std::string_view key, std::size_t max) const {
    static const Json kEmpty = Json::array();
    const Json* value = find(key);
    if (value == nullptr || !value->is_array()) {
        fault(key, "not an array");
        return kEmpty;
    }
    if (value->size() > max) {
        fault(key, fmt::format("more than {} elements", max));
        return kEmpty;
    }
    return *value;
}

std::string Fields::place(std::string_view key) const {
    return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
}

}  // namespace kpm::render

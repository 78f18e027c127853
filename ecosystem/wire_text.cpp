#include "ecosystem/wire_text.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <type_traits>

#include "ecosystem/field_value.h"
#include "ipc/base/json_text.h"

namespace kpm::ecosystem {
namespace {

// One overload per type of member that many apps have; what they write is what write_value() gives. The
// others go through it.
void append(std::string& text, bool value) {
    text += value ? "true" : "false";
}
template <class Number>
requires(std::is_integral_v<Number> && !std::is_same_v<Number, bool>) void append(std::string& text,
                                                                                  Number value) {
    text += std::to_string(value);
}
void append(std::string& text, Duration value) {
    append(text, value.count());
}
void append(std::string& text, Bytes value) {
    append(text, value.count);
}
void append(std::string& text, const std::string& value) {
    append_json(text, std::string_view(value));
}
void append(std::string& text, ExecMode value) {
    append_json(text, to_text(value));
}
void append(std::string& text, Balance value) {
    append_json(text, to_text(value));
}
template <class Element>
requires(std::is_same_v<Element, std::string> ||
         std::is_same_v<Element, int>) void append(std::string& text, const std::vector<Element>& list) {
    text += '[';
    for (const Element& element : list) {
        if (&element != list.data()) text += ',';
        append(text, element);
    }
    text += ']';
}
// Most of a configuration is its environment.
void append(std::string& text, const Environment& variables) {
    text += '{';
    for (const auto& [name, value] : variables) {
        append_key(text, name);
        append(text, value);
    }
    text += '}';
}
void append(std::string& text, const Selection& value) {
    std::visit([&](const auto& content) { append(text, content); }, value);
}

bool has(const Json& object, std::string_view key) {
    return !object.empty() && object.contains(std::string(key));
}

template <class Member>
void append_member(std::string& text, const Field& field, const AppConfig& config, const Member& value) {
    if constexpr (requires { append(text, value); }) {
        append_key(text, field.wire_key);
        append(text, value);
    } else if (const Json tree = write_value(field, config); !tree.is_null()) {
        append_key(text, field.wire_key);
        append_json(text, tree);
    }
}
template <class Member>
void append_member(std::string& text, const Field& field, const AppConfig& config,
                   const std::optional<Member>& value) {
    if (value) append_member(text, field, config, *value);
}
// The blocks of an env_ row stand as one key each: env_production, env_staging.
void append_member(std::string& text, const Field& field, const AppConfig& config,
                   const std::vector<EnvBlock>&) {
    const Json blocks = write_value(field, config);
    for (const auto& [name, variables] : blocks.items()) {
        const std::string key = std::string(field.wire_key) + name;
        if (has(config.extra, key)) continue;
        append_key(text, key);
        append_json(text, variables);
    }
}

// Extra members and env_ blocks replace what they have the name of.
bool is_replaced(const Field& field, const AppConfig& config) {
    const auto is_block = [&](const EnvBlock& block) {
        return field.wire_key.starts_with("env_") && field.wire_key.substr(4) == block.name;
    };
    return has(config.extra, field.wire_key) || std::ranges::any_of(config.env_blocks, is_block);
}

bool is_sent(const Field& field, const AppConfig& config) {
    return (field.always_sent || !has_default(field, config)) && !is_replaced(field, config);
}

std::optional<std::string> scalar(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
}
template <class Member>
std::optional<std::string> scalar(const Field& field, const AppConfig& config, const Member& value) {
    std::string text;
    if constexpr (std::is_same_v<Member, std::string>) {
        text = value;
    } else if constexpr (std::is_integral_v<Member> || std::is_same_v<Member, Duration> ||
                         std::is_same_v<Member, Bytes>) {
        append(text, value);
    } else if constexpr (std::is_enum_v<Member>) {
        text = to_text(value);
    } else {
        return scalar(write_value(field, config));
    }
    return text;
}
template <class Member>
std::optional<std::string> scalar(const Field& field, const AppConfig& config,
                                  const std::optional<Member>& value) {
    return value ? scalar(field, config, *value) : std::nullopt;
}
template <class Element>
std::optional<std::string> scalar(const Field&, const AppConfig&, const std::vector<Element>&) {
    return std::nullopt;
}

}  // namespace

std::vector<WireScalar> wire_scalars(const AppConfig& config) {
    std::vector<WireScalar> scalars;
    scalars.reserve(fields().size() + config.extra.size());
    const auto add = [&](std::string_view name, std::optional<std::string> text) {
        if (text) scalars.push_back({name, std::move(*text)});
    };
    for (const Field& field : fields()) {
        if (!is_sent(field, config)) continue;
        std::visit(
            [&](auto slot) {
                if constexpr (!std::is_same_v<decltype(slot), std::monostate>)  // those are in `extra`
                    add(field.wire_key, scalar(field, config, config.*slot));
            },
            field.slot);
    }
    for (const auto& [name, value] : config.extra.get_ref<const Json::object_t&>()) add(name, scalar(value));
    return scalars;
}

void append_wire(std::string& text, const AppConfig& config, std::span<const Field* const> left_out,
                 std::span<const std::string_view> taken) {
    for (const Field& field : fields()) {
        if (!is_sent(field, config) || std::ranges::find(left_out, &field) != left_out.end()) continue;
        std::visit(
            [&](auto slot) {
                if constexpr (!std::is_same_v<decltype(slot), std::monostate>)  // those are in `extra`
                    append_member(text, field, config, config.*slot);
            },
            field.slot);
    }
    for (const auto& [name, value] : config.extra.get_ref<const Json::object_t&>()) {
        if (std::ranges::find(taken, name) != taken.end()) continue;
        append_key(text, name);
        append_json(text, value);
    }
}

}  // namespace kpm::ecosystem

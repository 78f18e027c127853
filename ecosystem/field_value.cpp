#include "ecosystem/field_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ecosystem/gpu_selection.h"
#include "ecosystem/health_json.h"
#include "ecosystem/json_scalar.h"
#include "ecosystem/parse_app.h"
#include "ipc/base/json_room.h"
#include "ipc/base/signal_name.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

using Problem = std::optional<std::string>;

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> result;
    for (std::size_t start = 0;
         (start = text.find_first_not_of(" \t\r\n", start)) != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(" \t\r\n", start), text.size());
        result.emplace_back(text.substr(start, end - start));
        start = end;
    }
    return result;
}

Problem read_environment(const Json& value, Environment& env) {
    if (!value.is_object()) return expected("an object of variables", value);
    Environment result;
    for (const auto& [name, content] : value.items()) {
        if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos)
            return fmt::format("expected names of variables without '=', found \"{}\"", name);
        // PM2 hands objects, lists and null over as JSON text.
        const bool scalar = content.is_string() || content.is_number() || content.is_boolean();
        const auto text = scalar
                              ? scalar_text(content)
                              : std::optional(content.dump(-1, ' ', false, Json::error_handler_t::replace));
        if (!text) return fmt::format("expected a text without NUL for '{}'", name);
        set_variable(result, name, *text);
    }
    env = std::move(result);
    return std::nullopt;
}

// What the daemon adds to an environment that it shows.
constexpr std::size_t kOwnVariables = 2;

Json environment_json(const Environment& env) {
    Json object = Json::object();
    make_room(object, env.size() + kOwnVariables);
    for (const EnvVar& variable : env) object[variable.name] = variable.value;
    return object;
}

// "ready", {"condition": "ready"}; nothing means started.
Problem read_condition(const std::string& name, const Json& value, Condition& condition) {
    Json text = value;
    if (value.is_object()) {
        text = Json();
        for (const auto& [key, content] : value.items()) {
            if (key != "condition")
                return fmt::format("expected nothing but 'condition' for '{}', found '{}'", name, key);
            text = content;
        }
    }
    if (text.is_null()) return std::nullopt;
    const auto known = text.is_string() ? condition_from(text.get_ref<const std::string&>()) : std::nullopt;
    if (!known) return expected(fmt::format("started, ready or completed for '{}'", name), text);
    condition = *known;
    return std::nullopt;
}

// One overload of read() and of write() per type of member.
struct Reader {
    const Field& field;
    std::string_view key;
    const Json& value;

    Problem wrong() const { return expected(type_name(field), value); }

    bool is_allowed(const std::string& text) const {
        switch (field.check) {
            case Check::LogType:
                return text == "raw" || text == "json";
            case Check::Gpu:
                return GpuSelection::parse(text).has_value();
            case Check::GpuPolicy:
                return text == "spread" || text == "pack";
            case Check::SignalName:
                return signal_number(text).has_value();
            default:
                return true;
        }
    }

    Problem read(bool& target) const {
        if (value.is_boolean())
            target = value.get<bool>();
        else if (value == "true")
            target = true;
        else if (value == "false")
            target = false;
        else
            return wrong();
        return std::nullopt;
    }
    Problem read(int& target) const {
        const auto number = small_number(value);
        if (!number && field.check == Check::CpuCount && value.is_string()) {
            target = 0;
            return std::nullopt;
        }
        if (!number || (field.check == Check::NotNegative && *number < 0) ||
            (field.check == Check::PortNumber && (*number < 0 || *number > 65535)))
            return wrong();
        target = *number;
        return std::nullopt;
    }
    Problem read(std::uint32_t& target) const {
        const auto number = whole_number(value);
        if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max()) return wrong();
        target = static_cast<std::uint32_t>(*number);
        return std::nullopt;
    }
    Problem read(Duration& target) const {
        const auto text = value.is_boolean() ? std::nullopt : scalar_text(value);
        const auto duration = text ? parse_duration(*text) : Result<Duration>(Error{});
        if (!duration || (field.check == Check::AtLeast100ms && *duration < Duration(100))) return wrong();
        target = *duration;
        return std::nullopt;
    }
    Problem read(Bytes& target) const {
        const auto text = value.is_boolean() ? std::nullopt : scalar_text(value);
        const auto size = text ? parse_byte_size(*text) : Result<Bytes>(Error{});
        if (!size) return wrong();
        target = *size;
        return std::nullopt;
    }
    Problem read(std::string& target) const {
        const auto text = value.is_boolean() ? std::nullopt : scalar_text(value);
        if (!text || (!text->empty() && !is_allowed(*text))) return wrong();
        target = *text;
        return std::nullopt;
    }
    Problem read(std::vector<std::string>& target) const {
        std::vector<std::string> result;
        if (value.is_array()) {
            for (const Json& item : value) {
                const auto text = scalar_text(item);
                if (!text) return expected("a list of texts", item);
                result.push_back(*text);
            }
        } else {
            const auto text = value.is_boolean() ? std::nullopt : scalar_text(value);
            if (!text) return wrong();
            if (field.check == Check::Words)
                result = split_words(*text);
            else if (field.check == Check::Blanks)
                result = words(*text);
            else
                result = {*text};
        }
        target = std::move(result);
        return std::nullopt;
    }
    Problem read(std::vector<int>& target) const {
        Json items = value;
        if (value.is_string()) {
            items = Json::array();
            for (const std::string_view part : split(value.get_ref<const std::string&>(), ','))
                for (std::string& word : words(part)) items.push_back(std::move(word));
        } else if (!value.is_array()) {
            items = Json::array({value});
        }
        std::vector<int> result;
        for (const Json& item : items) {
            const auto number = small_number(item);
            if (!number) return expected(type_name(field), item);
            result.push_back(*number);
        }
        target = std::move(result);
        return std::nullopt;
    }
    Problem read(Selection& target) const {
        bool flag = false;
        if (!read(flag)) {
            target = flag;
        } else if (value.is_array() && field.check != Check::NoList) {
            std::vector<std::string> list;
            if (Problem problem = read(list)) return problem;
            target = std::move(list);
        } else {
            std::string text;
            if (read(text) || value.is_number()) return wrong();
            target = std::move(text);
        }
        return std::nullopt;
    }
    Problem read(Environment& target) const { return read_environment(value, target); }
    Problem read(std::vector<EnvBlock>& target) const {
        EnvBlock block{std::string(key.substr(field.key.size())), {}};
        if (Problem problem = read_environment(value, block.variables)) return problem;
        std::erase_if(target, [&](const EnvBlock& old) { return old.name == block.name; });
        target.push_back(std::move(block));
        return std::nullopt;
    }
    Problem read(ExecMode& target) const {
        const auto mode =
            value.is_string() ? exec_mode_from(value.get_ref<const std::string&>()) : std::nullopt;
        if (!mode) return wrong();
        target = *mode;
        return std::nullopt;
    }
    Problem read(Balance& target) const {
        const auto balance =
            value.is_string() ? balance_from(value.get_ref<const std::string&>()) : std::nullopt;
        if (!balance) return wrong();
        target = *balance;
        return std::nullopt;
    }
    Problem read(Dependencies& target) const {
        Dependencies result;
        if (value.is_object()) {
            for (const auto& [name, condition] : value.items())
                if (Problem problem = read_condition(name, condition, result[name])) return problem;
        } else {
            for (const Json& item : value.is_array() ? value : Json::array({value})) {
                const auto name = item.is_boolean() ? std::nullopt : scalar_text(item);
                if (!name) return value.is_array() ? expected("a list of names", item) : wrong();
                result.emplace(*name, Condition::Started);
            }
        }
        if (result.contains("")) return "expected names of apps, found \"\"";
        target = std::move(result);
        return std::nullopt;
    }
    // A list without entries says something, a text without words does not.
    Problem read(std::optional<std::vector<std::string>>& target) const {
        std::vector<std::string> content;
        if (Problem problem = read(content)) return problem;
        if (content.empty() && !value.is_array())
            target.reset();
        else
            target = std::move(content);
        return std::nullopt;
    }
    template <class T>
    Problem read(std::optional<T>& target) const {
        T content{};
        if (Problem problem = read(content)) return problem;
        target = std::move(content);
        return std::nullopt;
    }
};

Json write(bool value) {
    return value;
}
Json write(int value) {
    return value;
}
Json write(std::uint32_t value) {
    return value;
}
Json write(Duration value) {
    return value.count();
}
Json write(Bytes value) {
    return value.count;
}
Json write(const std::string& value) {
    return value;
}
Json write(const std::vector<std::string>& value) {
    return value;
}
Json write(const std::vector<int>& value) {
    return value;
}
Json write(const Selection& value) {
    return std::visit([](const auto& content) { return Json(content); }, value);
}
Json write(const Environment& value) {
    return environment_json(value);
}
Json write(const std::vector<EnvBlock>& value) {
    Json blocks = Json::object();
    for (const EnvBlock& block : value) blocks[block.name] = environment_json(block.variables);
    return blocks;
}
Json write(ExecMode value) {
    return to_text(value);
}
Json write(Balance value) {
    return to_text(value);
}
Json write(const HealthChecks& value) {
    return write_health(value);
}
Json write(const Dependencies& value) {
    Json names = Json::array();
    Json conditions = Json::object();
    for (const auto& [name, condition] : value) {
        names.push_back(name);
        conditions[name] = Json{{"condition", to_text(condition)}};
    }
    const bool is_plain =
        std::ranges::all_of(value, [](const auto& one) { return one.second == Condition::Started; });
    return is_plain ? names : conditions;
}
template <class T>
Json write(const std::optional<T>& value) {
    return value ? write(*value) : Json();
}

const AppConfig& defaults() {
    static const AppConfig config;
    return config;
}

}  // namespace

std::optional<ValueProblem> read_value(const Field& field, std::string_view key, const Json& value,
                                       AppConfig& config) {
    return std::visit(
        [&](auto slot) -> std::optional<ValueProblem> {
            if constexpr (std::is_same_v<decltype(slot), std::monostate>) {
                config.extra[std::string(field.wire_key)] = value;
                return std::nullopt;
            } else if constexpr (std::is_same_v<decltype(slot), HealthChecks AppConfig::*>) {
                return read_health(value, config.*slot);
            } else {
                auto problem = Reader{field, key, value}.read(config.*slot);
                if (!problem) return std::nullopt;
                return ValueProblem{"", *std::move(problem)};
            }
        },
        field.slot);
}

Json write_value(const Field& field, const AppConfig& config) {
    return std::visit(
        [&](auto slot) -> Json {
            if constexpr (std::is_same_v<decltype(slot), std::monostate>) {
                const auto found = config.extra.find(std::string(field.wire_key));
                return found == config.extra.end() ? Json() : *found;
            } else {
                return write(config.*slot);
            }
        },
        field.slot);
}

void reset_value(const Field& field, AppConfig& config) {
    std::visit(
        [&](auto slot) {
            if constexpr (std::is_same_v<decltype(slot), std::monostate>)
                config.extra.erase(std::string(field.wire_key));
            else
                config.*slot = defaults().*slot;
        },
        field.slot);
}

bool has_default(const Field& field, const AppConfig& config) {
    return std::visit(
        [&](auto slot) {
            if constexpr (std::is_same_v<decltype(slot), std::monostate>)
                return !config.extra.contains(std::string(field.wire_key));
            else
                return config.*slot == defaults().*slot;
        },
        field.slot);
}

}  // namespace kpm::ecosystem

#include "ecosystem/parse_app.h"

#include <fmt/format.h>

#include <algorithm>

#include "ecosystem/field_value.h"
#include "ecosystem/schema.h"

namespace kpm::ecosystem {
namespace {

constexpr std::string_view kStrictKey = "strict";

std::string place_of(const ParseOptions& options, std::string_view key) {
    std::string path = options.path;
    if (!path.empty() && !key.empty()) path += '.';
    path += key;
    return options.source ? options.source->place(path) : path.empty() ? "" : path + ": ";
}

std::string unknown_text(std::string_view name) {
    std::string text = fmt::format("unknown attribute '{}'", name);
    if (const auto hint = nearest_key(name)) text += fmt::format(" (did you mean '{}'?)", *hint);
    return text;
}

// PM2's dumps repeat every variable of `env` at the top level; kept there, it would outlive a change of the
// variable.
void drop_flattened_variables(AppConfig& config) {
    for (const EnvVar& variable : config.env)
        if (const auto found = config.extra.find(variable.name); found != config.extra.end())
            if (!found->is_object() && !found->is_array()) config.extra.erase(variable.name);
}

}  // namespace

Result<ParsedApp> parse_app(const Json& app, const ParseOptions& options) {
    ParsedApp parsed;
    parsed.config = options.base;
    if (!app.is_object())
        return Error{ErrorCode::Invalid, place_of(options, "") + "expected an object that describes an app"};
    const auto own_strict = app.find(kStrictKey);
    const bool strict = options.strict || (own_strict != app.end() && *own_strict == true);

    for (const auto& [key, value] : app.items()) {
        if (key == kStrictKey || value.is_null()) continue;
        const Field* field = find_field(key, value);
        if (!field) {
            std::string text = place_of(options, key) + unknown_text(key);
            if (strict) return Error{ErrorCode::Invalid, std::move(text)};
            parsed.warnings.push_back(std::move(text));
            continue;
        }
        if (auto problem = read_value(*field, key, value, parsed.config))
            return Error{ErrorCode::Invalid, place_of(options, key + problem->inside) + problem->text};
        const std::string canonical(field->key);
        if (std::ranges::find(parsed.given, canonical) == parsed.given.end())
            parsed.given.push_back(canonical);
        else if (!std::holds_alternative<std::vector<EnvBlock> AppConfig::*>(field->slot))
            parsed.warnings.push_back(
                place_of(options, key) +
                fmt::format("'{}' is given under two names, using the last value", canonical));
    }
    return parsed;
}

namespace {

enum class Null { IsText, MeansReset };
enum class Unread { IsError, IsKept };

// What stands for a value that PM2 takes over the wire and no file may have; nullopt: itself.
std::optional<Json> stand_in(const Field& field, const Json& value) {
    // A regular expression of a .config.js is an empty object by then, which takes no file out.
    if (field.key == "ignore_watch" && value.is_array()) {
        Json texts = Json::array();
        for (const Json& item : value)
            if (!item.is_object()) texts.push_back(item);
        if (texts.size() < value.size()) return texts;
    }
    if (field.check == Check::LogType && value != "json" && value != "") return "raw";  // whatever it says
    return std::nullopt;
}

std::string place_and_text(std::string_view key, const ValueProblem& problem) {
    return fmt::format("{}{}: {}", key, problem.inside, problem.text);
}

bool is_indispensable(const Field& field) {
    return field.key == "name" || field.key == "script" || field.key == "env";
}

Result<AppConfig> merge(AppConfig config, const Json& current_conf, Null null, Unread unread) {
    if (!current_conf.is_object())
        return Error{ErrorCode::Invalid, "cannot read the app's configuration: expected an object"};
    for (const auto& [key, value] : current_conf.items()) {
        if (value.is_null()) continue;
        const Field* field = find_wire_field(key, value);
        const bool reset = null == Null::MeansReset && value == "null";
        if (!field) {
            if (reset)
                config.extra.erase(key);
            else
                config.extra[key] = value;
            continue;
        }
        if (key == "env" && value.empty()) continue;
        if (!config.extra.empty()) config.extra.erase(key);  // what could not be read before
        if (reset) {
            reset_value(*field, config);
            continue;
        }
        const auto instead = stand_in(*field, value);
        const auto problem = read_value(*field, key, instead ? *instead : value, config);
        if (!problem) continue;
        if (unread == Unread::IsError || is_indispensable(*field))
            return Error{ErrorCode::Invalid, place_and_text(key, *problem)};
        config.extra[key] = value;
    }
    drop_flattened_variables(config);
    return config;
}

}  // namespace

Result<AppConfig> merge_wire(AppConfig config, const Json& current_conf) {
    return merge(std::move(config), current_conf, Null::MeansReset, Unread::IsError);
}

Result<AppConfig> parse_wire(const Json& pm2_env) {
    return merge(AppConfig{}, pm2_env, Null::IsText, Unread::IsError);
}

Result<AppConfig> parse_saved(const Json& pm2_env) {
    return merge(AppConfig{}, pm2_env, Null::IsText, Unread::IsKept);
}

std::string unread_value(const AppConfig& config) {
    for (const auto& [key, value] : config.extra.items()) {
        const Field* field = find_wire_field(key, value);
        if (!field || std::holds_alternative<std::monostate>(field->slot)) continue;
        AppConfig unused;
        if (const auto problem = read_value(*field, key, value, unused)) return place_and_text(key, *problem);
    }
    return "";
}

std::vector<std::string> split_words(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    std::vector<std::string> words;
    for (std::size_t at = 0; (at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos;) {
        const std::size_t start = at;
        char quote = 0;
        for (; at < text.size(); ++at) {
            const char c = text[at];
            if (quote != 0) {
                if (c == quote) quote = 0;
            } else if ((c == '"' || c == '\'') && text.find(c, at + 1) != std::string_view::npos) {
                quote = c;
            } else if (kBlanks.find(c) != std::string_view::npos) {
                break;
            }
        }
        std::string_view word = text.substr(start, at - start);
        if (word.size() >= 2 && (word.front() == '"' || word.front() == '\'') &&
            word.find(word.front(), 1) == word.size() - 1)
            word = word.substr(1, word.size() - 2);
        words.emplace_back(word);
    }
    return words;
}

}  // namespace kpm::ecosystem

#include "ecosystem/dump_app.h"

#include <algorithm>

#include "ecosystem/field_value.h"
#include "ecosystem/schema.h"
#include "ipc/base/json_room.h"

namespace kpm::ecosystem {
namespace {

// The blocks of an env_ row stand as one key each: env_production, env_staging.
void put(Json& target, std::string_view key, const Field& field, const AppConfig& config) {
    Json value = write_value(field, config);
    if (value.is_null()) return;
    if (!std::holds_alternative<std::vector<EnvBlock> AppConfig::*>(field.slot)) {
        target[std::string(key)] = std::move(value);
        return;
    }
    for (auto& [name, variables] : value.items()) target[std::string(key) + name] = std::move(variables);
}

bool is_given(std::span<const std::string> given, const Field& field) {
    return std::ranges::find(given, field.key) != given.end();
}

}  // namespace

Json dump_app(const AppConfig& config) {
    Json result = Json::object();
    for (const Field& field : fields())
        if (!has_default(field, config)) put(result, field.key, field, config);
    return result;
}

Json dump_wire(const AppConfig& config, std::size_t more) {
    Json result = Json::object();
    make_room(result, fields().size() + config.extra.size() + more);
    for (const Field& field : fields())
        if (field.always_sent || !has_default(field, config)) put(result, field.wire_key, field, config);
    for (const auto& [key, value] : config.extra.items()) result[key] = value;
    return result;
}

Json dump_wire(const AppConfig& config, std::span<const std::string> given) {
    Json result = Json::object();
    for (const Field& field : fields())
        if (is_given(given, field)) put(result, field.wire_key, field, config);
    return result;
}

}  // namespace kpm::ecosystem

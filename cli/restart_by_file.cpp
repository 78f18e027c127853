#include "cli/restart_by_file.h"

#include <algorithm>

#include "ecosystem/dump_app.h"
#include "ecosystem/log_paths.h"
#include "ecosystem/schema.h"

namespace kpm::cli {
namespace {

using ecosystem::AppConfig;
using ecosystem::Field;
using ecosystem::OnChange;

// Not part of `current_conf`: variables go beside it, and the name is what the app was found by.
constexpr std::string_view kApart[] = {"env", "env_", "name", "username"};

bool holds(const std::vector<std::string>& keys, std::string_view key) {
    return std::ranges::find(keys, key) != keys.end();
}

void add(std::vector<std::string>& keys, std::string_view key) {
    if (!holds(keys, key)) keys.emplace_back(key);
}

bool is_apart(std::string_view key) {
    return std::ranges::find(kApart, key) != std::end(kApart);
}

// What resolve() derives from an attribute goes along with it.
std::vector<std::string> sent_keys(const std::vector<std::string>& given) {
    std::vector<std::string> fixed;
    std::vector<std::string> keys = changeable(given, fixed);
    std::erase_if(keys, is_apart);
    if (holds(given, "script")) {
        add(keys, "interpreter");
        add(keys, "interpreter_args");
        add(keys, "source_map_support");
    }
    if (holds(given, "time")) add(keys, "log_date_format");
    return keys;
}

bool declares_variables(const AppConfig& config) {
    return !config.env.empty() || !config.env_file.empty();
}

bool sets_other_variables(const ecosystem::Environment& declared, const Json& env,
                          const ecosystem::Environment& stored) {
    return std::ranges::any_of(declared, [&](const ecosystem::EnvVar& variable) {
        const std::string* before = ecosystem::find_variable(stored, variable.name);
        return env.contains(variable.name) && (before == nullptr || *before != variable.value);
    });
}

struct KeySet {
    std::vector<const Field*> applied, fixed;
    bool variables = false;
};

void add_row(KeySet& keys, const ecosystem::ParsedApp& app, const ecosystem::ResolvedApp& resolved,
             const Json& env, const ProcessRow& row) {
    const auto stored = ecosystem::parse_wire(row.env());
    if (!stored) return;
    const auto merged = ecosystem::merge_wire(*stored, env["current_conf"]);
    if (!merged) return;
    for (const Field* field : ecosystem::changed_fields(*stored, *merged))
        if (field->on_change != OnChange::Delete) keys.applied.push_back(field);
    keys.variables |= sets_other_variables(resolved.declared, env, stored->env);

    AppConfig wanted = resolved.config;
    // The names of the files depend on merge_logs, which is fixed itself.
    wanted.merge_logs = stored->merge_logs;
    ecosystem::set_instance_paths(wanted, static_cast<unsigned>(row.id));
    wanted.merge_logs = resolved.config.merge_logs;
    for (const Field* field : ecosystem::changed_fields(*stored, wanted))
        if (field->on_change == OnChange::Delete && holds(app.given, field->key) && field->key != "instances")
            keys.fixed.push_back(field);
}

std::vector<std::string> in_table_order(const std::vector<const Field*>& fields) {
    std::vector<std::string> keys;
    for (const Field& field : ecosystem::fields())
        if (std::ranges::find(fields, &field) != fields.end()) keys.emplace_back(field.key);
    return keys;
}

}  // namespace

Json restart_env(const ecosystem::ParsedApp& app, const ecosystem::ResolvedApp& resolved) {
    const AppConfig& config = resolved.config;
    ecosystem::Environment variables = declares_variables(app.config) ? resolved.declared : config.env;
    if (holds(app.given, "cwd")) ecosystem::set_variable(variables, "PWD", config.cwd);
    Json env = Json::object();
    for (const auto& [name, value] : variables)
        // Each instance has counted up its own.
        if (config.increment_var.empty() || name != config.increment_var) env[name] = value;
    Json conf = ecosystem::dump_wire(config, sent_keys(app.given));
    env["current_conf"] = conf.is_object() ? std::move(conf) : Json::object();
    return env;
}

Changes changes_of(const ecosystem::ParsedApp& app, const ecosystem::ResolvedApp& resolved, const Json& env,
                   std::span<const ProcessRow> rows, unsigned cpus) {
    KeySet keys;
    for (const ProcessRow& row : rows) add_row(keys, app, resolved, env, row);
    if (keys.variables) keys.applied.push_back(ecosystem::find_field("env"));
    Changes changes{in_table_order(keys.applied), in_table_order(keys.fixed)};
    const unsigned wanted = ecosystem::instance_count(resolved.config, cpus);
    if (holds(app.given, "instances") && wanted != rows.size()) changes.wanted_instances = wanted;
    return changes;
}

std::vector<std::string> changeable(const std::vector<std::string>& given, std::vector<std::string>& fixed) {
    std::vector<std::string> keys;
    for (const std::string& key : given) {
        const Field* field = ecosystem::find_field(key);
        // PM2 keeps the new number of instances, though it starts and ends none for it.
        if (field != nullptr && field->on_change == OnChange::Delete && key != "instances")
            fixed.push_back(key);
        else
            keys.push_back(key);
    }
    return keys;
}

}  // namespace kpm::cli

// The environment part of resolve.h.
#include <algorithm>
#include <array>

#include "ecosystem/env_file.h"
#include "ecosystem/resolve.h"
#include "ecosystem/schema.h"

namespace kpm::ecosystem {
namespace {

// What the daemon itself puts into a child's environment beside the options: a shell that runs inside a
// managed app has these, and they describe that app, not the one to be started.
constexpr std::array<std::string_view, 29> kRuntimeVariables{
    "pm_id",          "status",          "pm_uptime",
    "created_at",     "restart_time",    "unstable_restarts",
    "unique_id",      "exit_code",       "exit_signal",
    "failure",        "status_text",     "node_version",
    "version",        "vizion_running",  "prev_restart_delay",
    "_pm2_version",   "NODE_CHANNEL_FD", "NODE_APP_INSTANCE",
    "NODE_UNIQUE_ID", "pm2_env",         "PMX_FORCE_UPDATE",
    "KPM_CHANNEL_FD", "LISTEN_FDS",      "LISTEN_PID",
    "LISTEN_FDNAMES", "NOTIFY_SOCKET",   "WATCHDOG_USEC",
    "WATCHDOG_PID",   "RW_GPU"};
constexpr std::array<std::string_view, 2> kNeverFiltered{"PATH", "HOME"};

bool describes_an_app(std::string_view variable) {
    return std::ranges::find(kRuntimeVariables, variable) != kRuntimeVariables.end() ||
           find_wire_field(variable);
}

bool is_variable_name(std::string_view text) {
    return !text.empty() && text.find('=') == std::string_view::npos;
}

bool is_filtered(const Selection& filter, std::string_view variable) {
    if (const bool* all = std::get_if<bool>(&filter))
        return *all && std::ranges::find(kNeverFiltered, variable) == kNeverFiltered.end();
    if (const auto* name = std::get_if<std::string>(&filter)) return variable == *name;
    return std::ranges::any_of(std::get<std::vector<std::string>>(filter), [&](const std::string& part) {
        return !part.empty() && variable.find(part) != std::string_view::npos;
    });
}

}  // namespace

Environment settings_variables(const Json& module_conf, const std::string& name) {
    Environment variables;
    if (!is_variable_name(name)) return variables;
    const auto found = module_conf.find(name);
    const Json settings = found != module_conf.end() && found->is_object() ? *found : Json::object();
    const auto value_text = [](const Json& value) {
        return value.is_string() ? value.get<std::string>()
                                 : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    for (const auto& [key, value] : settings.items())
        if (is_variable_name(key) && !value.is_structured() && !value.is_null())
            set_variable(variables, key, value_text(value));
    set_variable(variables, name, value_text(settings));
    return variables;
}

Environment without_outer_app(Environment shell) {
    if (find_variable(shell, "pm_id") != nullptr)
        std::erase_if(shell, [](const EnvVar& variable) { return describes_an_app(variable.name); });
    return shell;
}

Result<Environment> declared_environment(const AppConfig& config, const ResolveContext& context) {
    Environment env;
    for (const std::string& path : config.env_file) {
        const auto variables = read_env_file(path);
        if (!variables) return variables.error();
        merge_environment(env, *variables);
    }
    merge_environment(env, config.env);
    merge_environment(env, context.deploy_env);
    for (const EnvBlock& block : config.env_blocks)
        if (block.name == context.env_name) merge_environment(env, block.variables);
    if (config.port) set_variable(env, "PORT", std::to_string(*config.port));
    return env;
}

Environment app_environment(const AppConfig& config, const ResolveContext& context,
                            const Environment& declared) {
    Environment env = without_outer_app(context.env);
    std::erase_if(env, [&](const EnvVar& variable) { return is_filtered(config.filter_env, variable.name); });
    if (!config.cwd.empty()) set_variable(env, "PWD", config.cwd);
    merge_environment(env, declared);
    if (config.interpreter.find("python") != std::string::npos) set_variable(env, "PYTHONUNBUFFERED", "1");
    set_variable(env, "PM2_HOME", context.home);
    set_variable(env, "PM2_USAGE", "CLI");
    if (context.from_file) set_variable(env, "PM2_JSON_PROCESSING", "true");
    return env;
}

}  // namespace kpm::ecosystem

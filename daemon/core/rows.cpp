#include "daemon/core/rows.h"

#include <algorithm>
#include <charconv>

#include "ecosystem/dump_app.h"
#include "ecosystem/schema.h"
#include "ipc/base/json_room.h"
#include "ipc/dump_store.h"

namespace kpm::core {
namespace {

const Told kNothingTold;
constexpr const char* kUniqueId = "unique_id";
constexpr std::size_t kStateMembers = 24;  // what add_state() adds, at most

int shown_pid(const Slot& slot) {
    return slot.current.life.data().pid;
}

}  // namespace

Json pm2_env(const Slot& slot, Environment environment) {
    const auto& variables = slot.config->env;
    ecosystem::AppConfig config = slot.config.whole();
    if (environment == Environment::LeftOut) config.env.clear();
    Json env = ecosystem::dump_wire(config, kStateMembers + config.env.size());
    // PM2 shows every variable at the top level too; an attribute of kpm's own is not hidden by one of its
    // name.
    if (environment == Environment::Shown) {
        for (const auto& [name, value] : variables)
            if (!ecosystem::find_wire_field(name)) env[name] = value;
        env["env"].update(own_variables(slot));
    }
    add_state(env, slot);
    return env;
}

Json own_variables(const Slot& slot) {
    Json own{{kUniqueId, slot.unique_id}};
    const std::string& name = slot.config->name;
    if (name != kUniqueId && !ecosystem::find_variable(slot.config->env, name)) own[name] = Json::object();
    return own;
}

void drop_own_variables(ecosystem::AppConfig& config, const Json& wire) {
    const auto variables = wire.find("env");
    if (variables == wire.end() || !variables->is_object()) return;
    const auto of_name = variables->find(config.name);
    const bool is_empty = of_name != variables->end() && of_name->is_object() && of_name->empty();
    std::erase_if(config.env, [&](const ecosystem::EnvVar& variable) {
        return variable.name == kUniqueId || (is_empty && variable.name == config.name);
    });
}

void add_state(Json& env, const Slot& slot) {
    const LifecycleData& life = slot.current.life.data();
    const auto& variables = slot.config->env;
    make_room(env, env.size() + kStateMembers);
    env["status"] = public_name(life.state);
    env["pm_id"] = slot.pm_id;
    env["pm_uptime"] = slot.current.launched.since_epoch;
    env["created_at"] = slot.created_at ? Json(slot.created_at->since_epoch) : Json(nullptr);
    env["restart_time"] = life.restart_time;
    env["unstable_restarts"] = life.history.early_exits.size();
    env[kUniqueId] = slot.unique_id;
    env[slot.config->instance_var] = slot.instance_index;
    const Told& told = slot.told ? *slot.told : kNothingTold;
    env["axm_actions"] = told.axm_actions;
    env["axm_monitor"] = told.axm_monitor;
    env["axm_options"] = told.axm_options;
    env["axm_dynamic"] = Json::object();
    env["vizion_running"] = false;
    env["km_link"] = false;  // to PM2's vendor service, of which there is none here
    if (!told.node_version.empty()) env["node_version"] = told.node_version;
    if (!slot.version.empty())
        env["version"] = slot.version;
    else if (const auto own = std::ranges::find(variables, "version", &ecosystem::EnvVar::name);
             own != variables.end())
        env["version"] = own->value;
    else if (!env.contains("version"))
        env["version"] = "N/A";
    if (life.exit_code || life.exit_signal != 0) {
        // PM2 says 0 for a death by signal; the signal itself is kpm's addition.
        env["exit_code"] = life.exit_code.value_or(0);
        if (life.exit_signal != 0) env["exit_signal"] = life.exit_signal;
    }
    if (life.history.backoff > Duration{0}) env["prev_restart_delay"] = life.history.backoff.count();
    if (!life.failure.empty()) env["failure"] = life.failure;
    if (!told.status_text.empty()) env["status_text"] = told.status_text;
}

std::optional<int> measured_instead(const Slot& slot) {
    if (!slot.told) return std::nullopt;
    const auto pid = slot.told->axm_options.find("pid");
    if (pid == slot.told->axm_options.end()) return std::nullopt;
    int number = pid->is_number_integer() ? pid->get<int>() : 0;
    if (pid->is_string()) {
        const auto& text = pid->get_ref<const std::string&>();
        std::from_chars(text.data(), text.data() + text.size(), number);
    }
    return number > 0 ? std::optional(number) : std::nullopt;
}

Json row(const Slot& slot, Environment environment) {
    Json result;
    result["pid"] = shown_pid(slot);
    result["name"] = slot.config->name;
    result["pm2_env"] = pm2_env(slot, environment);
    result["pm_id"] = slot.pm_id;
    return result;
}

Json row_with_usage(const Slot& slot, const Usage& usage, Environment environment) {
    Json result = row(slot, environment);
    result["monit"] = {{"memory", usage.memory}, {"cpu", usage.cpu}};
    return result;
}

Json process_object(const Slot& slot, Environment environment) {
    return {{"process", {{"pid", shown_pid(slot)}}}, {"pm2_env", pm2_env(slot, environment)}};
}

Json dump_entry(const Slot& slot) {
    Json entry = pm2_env(slot);
    for (const char* key : {"pm_id", "instances", "prev_restart_delay", "status_text"}) entry.erase(key);
    entry[ipc::kDumpVersionKey] = ipc::kDumpVersion;
    return entry;
}

}  // namespace kpm::core

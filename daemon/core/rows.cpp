#include "daemon/core/rows.h"

#include <algorithm>
#include <charconv>

#include "daemon/core/state_members.h"
#include "ecosystem/dump_app.h"
#include "ecosystem/schema.h"
#include "ipc/base/json_room.h"
#include "ipc/dump_store.h"

namespace kpm::core {
namespace {

constexpr const char* kUniqueId = "unique_id";

// Its stop was asked for and goes on, or has failed.
bool is_told_to_stop(const Slot& slot) {
    const State state = slot.current.life.state();
    const bool is_ending = state == State::Draining || state == State::Stopping || state == State::Killing;
    return !slot.is_wanted && (is_ending || state == State::Errored);
}

int shown_pid(const Slot& slot) {
    return slot.current.life.data().pid;
}

}  // namespace

Json gpu_usage_json(const GpuUsage& usage) {
    return {{"percent", usage.percent ? Json(*usage.percent) : Json()},
            {"memory", usage.memory ? Json(*usage.memory) : Json()}};
}

Json connections_json(const Connections& connections) {
    return {{"handed", connections.handed},
            {"accepted", connections.accepted},
            {"active", connections.active},
            {"rescued", connections.rescued},
            {"refused", connections.refused}};
}

Json health_state(const Slot& slot) {
    const HealthCheck& check = slot.current.health->check;
    Json state{{"ready", check.is_ready()}};
    for (const ProbeKind kind : kProbeKinds) {
        const auto& shown = check.shown(kind);
        if (!shown) continue;
        Json one{{"ok", shown->result.verdict == ProbeResult::Verdict::Passed},
                 {"since", shown->since.since_epoch}};
        if (!shown->result.reason.empty()) one["reason"] = shown->result.reason;
        state[std::string(to_text(kind))] = std::move(one);
    }
    return state;
}

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
    make_room(env, env.size() + kStateMembers);
    const auto given = env.find("version");
    const Json version = given == env.end() ? Json() : *given;
    visit_state(slot, given == env.end() ? nullptr : &version,
                [&env](std::string_view name, const auto& value) { env[std::string(name)] = value; });
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
    if (usage.gpu) result["monit"]["gpu"] = gpu_usage_json(*usage.gpu);
    if (usage.connections) result["connections"] = connections_json(*usage.connections);
    return result;
}

Json process_object(const Slot& slot) {
    return {{"process", {{"pid", shown_pid(slot)}}}, {"pm2_env", pm2_env(slot)}};
}

Json outcome(const Slot& slot) {
    const LifecycleData& life = slot.current.life.data();
    Json env{{"pm_id", slot.pm_id},
             {"name", slot.config->name},
             {"status", public_name(life.state)},
             {"pm_uptime", slot.current.launched.since_epoch},
             {"restart_time", life.restart_time},
             {"min_uptime", slot.config->min_uptime.count()},
             {"wait_ready", slot.config->wait_ready}};
    if (life.exit_code || life.exit_signal != 0) env["exit_code"] = life.exit_code.value_or(0);
    if (life.exit_signal != 0) env["exit_signal"] = life.exit_signal;
    if (!life.failure.empty()) env["failure"] = life.failure;
    return {{"process", {{"pid", shown_pid(slot)}}}, {"pm2_env", std::move(env)}};
}

Json dump_entry(const Slot& slot) {
    Json entry = pm2_env(slot);
    if (is_told_to_stop(slot)) entry["status"] = public_name(State::Stopped);
    entry.erase("instances");
    for (const StateMember& member : kStateMemberTable)
        if (!member.is_dumped) entry.erase(std::string(member.name));
    entry[ipc::kDumpVersionKey] = ipc::kDumpVersion;
    return entry;
}

}  // namespace kpm::core

#include "cli/facts.h"

#include <algorithm>

namespace kpm::cli {
namespace {

template <class Value>
Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json();
}

Json or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

Json member_or_null(const Json& object, const char* key) {
    const auto at = object.find(key);
    return at == object.end() ? Json() : *at;
}

}  // namespace

Json list_facts(const ProcessRow& row, std::int64_t now) {
    const bool is_online = row.status == "online" && row.online_since > 0;
    return {{"id", row.id},
            {"name", row.name},
            {"namespace", or_null(row.name_space)},
            {"version", row.version == "N/A" ? Json() : or_null(row.version)},
            {"mode", row.exec_mode == "fork_mode" ? "fork" : "cluster"},
            {"pid", row.pid.value_or(0) > 0 ? Json(*row.pid) : Json()},
            {"uptime_ms", is_online ? Json(std::max<std::int64_t>(0, now - row.online_since)) : Json()},
            {"restarts", row.restarts},
            {"status", row.status},
            {"cpu_percent", or_null(row.cpu)},
            {"memory_bytes", or_null(row.memory)},
            {"user", or_null(row.user)},
            {"watching", row.watching},
            {"gpu", member_or_null(row.env(), "gpu_state")},
            {"gpu_percent", or_null(row.gpu_percent)},
            {"gpu_memory_bytes", or_null(row.gpu_memory)}};
}

Json exit_facts(const LastExit& last_exit) {
    if (last_exit.cause.empty()) return nullptr;
    return {{"cause", last_exit.cause}, {"stderr", last_exit.errors}};
}

Json connection_facts(const ProcessRow& row, const Json& workers) {
    if (!workers.is_array()) return nullptr;
    for (const Json& worker : workers)
        if (integer_of(worker, "pm_id") == row.id) return worker;
    return nullptr;
}

Json describe_facts(const ProcessRow& row, const Json& workers, const LastExit& last_exit, std::int64_t now) {
    const Json& env = row.env();
    Json facts = list_facts(row, now);
    const auto created = integer_of(env, "created_at");
    facts["script"] = or_null(row.script);
    facts["args"] = member_or_null(env, "args");
    facts["interpreter"] = or_null(text_of(env, "exec_interpreter"));
    facts["interpreter_args"] = member_or_null(env, "node_args");
    facts["cwd"] = or_null(text_of(env, "pm_cwd"));
    facts["out_file"] = or_null(row.out_log);
    facts["error_file"] = or_null(row.error_log);
    facts["log_file"] = or_null(row.entire_log);
    facts["log_losses"] = member_or_null(env, "log_state");
    facts["pid_file"] = or_null(row.pid_file);
    facts["cron_restart"] = or_null(row.cron);
    facts["max_memory_bytes"] = or_null(integer_of(env, "max_memory_restart"));
    facts["unstable_restarts"] = integer_of(env, "unstable_restarts").value_or(0);
    facts["created_at"] = created ? Json(iso_time(*created)) : Json();
    facts["status_text"] = or_null(text_of(env, "status_text"));
    facts["health"] = member_or_null(env, "health_state");
    facts["node_version"] = or_null(text_of(env, "node_version"));
    const Json variables = member_or_null(env, "env");
    facts["node_env"] = or_null(text_of(variables, "NODE_ENV"));
    facts["actions"] = Json::array();
    if (const Json actions = member_or_null(env, "axm_actions"); actions.is_array())
        for (const Json& action : actions) facts["actions"].push_back(text_of(action, "action_name"));
    facts["metrics"] = member_or_null(env, "axm_monitor");
    facts["connections"] = connection_facts(row, workers);
    facts["last_exit"] = exit_facts(last_exit);
    return facts;
}

}  // namespace kpm::cli

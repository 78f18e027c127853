#include "daemon/commands/lifecycle_commands.h"

#include <fmt/format.h>

#include "daemon/commands/arguments.h"
#include "daemon/core/rows.h"
#include "daemon/core/state_members.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/schema.h"
#include "ipc/answer_keys.h"
#include "ipc/dump_store.h"
#include "ipc/protocol.h"

namespace kpm::core {
namespace {

enum class Truth { Pm2, Outcome };

// What PM2 keeps in a process's entry beside its configuration: in a dump, not for the next life.
void drop_state(Json& entry) {
    for (const StateMember& member : kStateMemberTable)
        if (!member.is_given) entry.erase(std::string(member.name));
    for (const char* key : {"_tree_pids", "_pm2_version", ipc::kDumpVersionKey}) entry.erase(key);
}

// Unavailable means: the process is there, but not (or no longer) ready. PM2 calls that a success.
bool is_failure(const Result<void>& result, Truth truth) {
    return !result && (truth == Truth::Outcome || result.error().code != ErrorCode::Unavailable);
}

Json process_or_null(Supervisor& supervisor, int pm_id) {
    const Slot* slot = supervisor.find(pm_id);
    return slot ? process_object(*slot) : Json(nullptr);
}

// What kpm's own methods answer with: their clients want the outcome.
Json outcome_of(Supervisor& supervisor, int pm_id) {
    const Slot* slot = supervisor.find(pm_id);
    if (!slot) return Json(nullptr);
    Json process = outcome(*slot);
    if (auto warnings = supervisor.warnings(*slot); !warnings.empty())
        process[ipc::kWarnings] = std::move(warnings);
    return process;
}

// A reply after one process has settled.
Done answer_process(Supervisor& supervisor, int pm_id, Truth truth, Answer answer) {
    return [&supervisor, pm_id, truth, answer = std::move(answer)](const Result<void>& result) {
        if (is_failure(result, truth)) return answer(result.error());
        answer(truth == Truth::Outcome ? outcome_of(supervisor, pm_id) : process_or_null(supervisor, pm_id));
    };
}

// The state of one `prepare` with several instances.
struct Launches {
    std::vector<int> ids;
    std::size_t open = 0;
    std::optional<Error> error;
    Answer answer;
};

// PM2's wire form also carries what is left of an earlier life: separated here.
NewApp new_app(const Json& wire, ecosystem::AppConfig config, std::string unique_id) {
    NewApp app{.config = std::move(config), .unique_id = std::move(unique_id)};
    app.is_restored = !wire.contains("instances");
    if (app.is_restored) {
        if (wire.contains(app.config.instance_var)) app.instance_index = as_id(wire[app.config.instance_var]);
        if (const auto it = wire.find("created_at"); it != wire.end() && it->is_number_integer())
            app.created_at = EpochTime{it->get<std::int64_t>()};
    }
    // An app that does not start by itself may have been started by hand before it was saved.
    app.start = app.is_restored ? text_member(wire, "status") != "stopped" : app.config.autostart;
    Json& extra = app.config.extra;
    drop_state(extra);
    extra.erase(app.config.instance_var);
    drop_own_variables(app.config, wire);
    for (const auto& [name, value] : app.config.env) extra.erase(name);
    return app;
}

// Only root can become another user or group. Said before anything is changed or started.
Result<void> check_identity(const ecosystem::AppConfig& config, const Settings& settings) {
    if (settings.uid == 0 || (config.uid.empty() && config.gid.empty())) return {};
    return Error{
        ErrorCode::Denied,
        fmt::format("cannot start '{}': 'uid' and 'gid' need a daemon that runs as root, this one is {}'s",
                    config.name, settings.user.empty() ? std::to_string(settings.uid) : settings.user)};
}

void prepare_app(Supervisor& supervisor, const Json& args, Truth truth, Answer answer) {
    const Json& wire = argument(args, 0);
    if (!wire.is_object()) return answer(Error{ErrorCode::Invalid, "cannot start 'app': expected an object"});
    // An app of a dump gets its slot whatever is wrong with it, or the next save would forget it: the start
    // tells.
    const bool is_restored = !wire.contains("instances");
    auto config = is_restored ? ecosystem::parse_saved(wire) : ecosystem::parse_wire(wire);
    if (!config) return answer(config.error());
    if (config->name.empty()) return answer(Error{ErrorCode::Invalid, "cannot start 'app': it has no name"});
    if (config->script.empty())
        return answer(
            Error{ErrorCode::Invalid, fmt::format("cannot start '{}': it has no script", config->name)});

    if (!is_restored) {
        if (const auto checked = supervisor.check(*config); !checked) return answer(checked.error());
        if (const auto allowed = check_identity(*config, supervisor.settings()); !allowed)
            return answer(allowed.error());
    }
    if (!supervisor.settings().instance_var.empty())
        config->instance_var = supervisor.settings().instance_var;

    const unsigned count = is_restored ? 1 : ecosystem::instance_count(*config, supervisor.settings().cpus);
    if (!is_restored)
        if (auto refused = supervisor.excess(config->name, count)) return answer(*std::move(refused));
    NewApp app = new_app(wire, std::move(*config), supervisor.host().unique_id());
    const auto launches = std::make_shared<Launches>();  // shared by the answers of all instances
    launches->open = count + 1;
    launches->answer = std::move(answer);
    const auto one_done = [&supervisor, launches, truth](const Result<void>& result) {
        if (is_failure(result, truth) && !launches->error) launches->error = result.error();
        if (--launches->open > 0) return;
        if (launches->error) return launches->answer(*launches->error);
        Json processes = Json::array();
        for (const int id : launches->ids)
            processes.push_back(truth == Truth::Outcome ? outcome_of(supervisor, id)
                                                        : process_or_null(supervisor, id));
        launches->answer(std::move(processes));
    };
    for (unsigned i = 0; i < count; ++i) {
        // The id is only known after the call, and the answer may come within it.
        const auto made = std::make_shared<std::optional<int>>();
        NewApp next = i + 1 < count ? app : std::move(app);
        const int id =
            supervisor.add(std::move(next), [&supervisor, made, one_done](const Result<void>& result) {
                const Slot* slot = *made ? supervisor.find(**made) : nullptr;
                if (slot && has_process(slot->current.life.state()))
                    supervisor.publish_event(*slot, "start", true);
                one_done(result);
            });
        *made = id;
        launches->ids.push_back(id);
    }
    one_done({});
}

// PM2's rule of what a restart changes: variables beside `current_conf` overlay the stored ones, a non-empty
// `current_conf.env` replaces them all, every other key of `current_conf` overwrites.
Result<ecosystem::AppConfig> merged(ecosystem::AppConfig config, const Json& env) {
    if (!env.is_object()) return config;
    for (const auto& [name, value] : env.items()) {
        if (value.is_string())
            ecosystem::set_variable(config.env, name, value.get<std::string>());
        else if (!value.is_structured() && !value.is_null())
            ecosystem::set_variable(config.env, name, value.dump());
    }
    const auto conf = env.find("current_conf");
    if (conf == env.end() || !conf->is_object()) return config;
    Json changes = *conf;
    if (const auto it = changes.find("env"); it != changes.end() && (!it->is_object() || it->empty()))
        changes.erase("env");
    drop_state(changes);
    changes.erase("exec_mode");
    return ecosystem::merge_wire(std::move(config), changes);
}

// What a {id, env} request asks for.
struct Change {
    int id = 0;
    std::optional<ecosystem::AppConfig> config;  // nullopt: as it is
};

Result<Change> change_of(const Supervisor& supervisor, const Json& options, std::string unknown) {
    const auto id = id_or_member(options, "id");
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return Error{ErrorCode::NotFound, std::move(unknown)};
    Change change{.id = *id, .config = {}};
    if (options.is_object() && options.contains("env")) {
        auto config = merged(slot->config.whole(), options["env"]);
        if (!config) return config.error();
        if (config->uid != slot->config->uid || config->gid != slot->config->gid)
            if (const auto allowed = check_identity(*config, supervisor.settings()); !allowed)
                return allowed.error();
        change.config = std::move(*config);
    }
    return change;
}

void restart_by_id(Supervisor& supervisor, const Json& args, Truth truth, Answer answer) {
    const Json& options = argument(args, 0);
    if (options.is_object() && !options.contains("id"))
        return answer(Error{ErrorCode::Invalid, "opts.id not passed to restartProcessId"});
    auto change = change_of(supervisor, options, "God db process id unknown");
    if (!change) return answer(change.error());
    if (change->config)
        if (const auto changed = supervisor.reconfigure(change->id, std::move(*change->config)); !changed)
            return answer(changed.error());
    supervisor.restart(change->id, answer_process(supervisor, change->id, truth, std::move(answer)));
}

void reload_by_id(Supervisor& supervisor, const Json& args, std::string unknown, Truth truth, Answer answer) {
    auto change = change_of(supervisor, argument(args, 0), std::move(unknown));
    if (!change) return answer(change.error());
    // Unlike other outcomes a failed reload is told to PM2's clients as well: the old process goes on.
    const bool is_transaction = supervisor.find(change->id)->current.life.state() == State::Online;
    Done done =
        answer_process(supervisor, change->id, is_transaction ? Truth::Outcome : truth, std::move(answer));
    if (change->config)
        supervisor.reload(change->id, std::move(*change->config), std::move(done));
    else
        supervisor.reload(change->id, std::move(done));
}

}  // namespace

void prepare(Supervisor& supervisor, const Json& args, Answer answer) {
    prepare_app(supervisor, args, Truth::Pm2, std::move(answer));
}

void start(Supervisor& supervisor, const Json& args, Answer answer) {
    prepare_app(supervisor, args, Truth::Outcome, std::move(answer));
}

void start_process(Supervisor& supervisor, const Json& args, Answer answer) {
    const auto id = id_or_member(argument(args, 0), "id");
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return answer(Error{ErrorCode::NotFound, shown(argument(args, 0)) + " id unknown"});
    if (has_process(slot->current.life.state()))
        return answer(Error{ErrorCode::Exists, "process already online"});
    supervisor.start(*id, answer_process(supervisor, *id, Truth::Pm2, std::move(answer)));
}

void stop_process(Supervisor& supervisor, const Json& args, Answer answer) {
    const auto id = id_or_member(argument(args, 0), "id");
    if (!id) return answer(Error{ErrorCode::NotFound, shown(argument(args, 0)) + " : id unknown"});
    supervisor.stop(*id, [&supervisor, id = *id, answer](const Result<void>& result) {
        if (!result) return answer(result.error());
        const Slot* slot = supervisor.find(id);
        answer(slot ? row(*slot) : Json(nullptr));
    });
}

void restart_process(Supervisor& supervisor, const Json& args, Answer answer) {
    restart_by_id(supervisor, args, Truth::Pm2, std::move(answer));
}

void restart(Supervisor& supervisor, const Json& args, Answer answer) {
    restart_by_id(supervisor, args, Truth::Outcome, std::move(answer));
}

void reload_process(Supervisor& supervisor, const Json& args, Answer answer) {
    reload_by_id(supervisor, args, "PM2 ID unknown", Truth::Pm2, std::move(answer));
}

void soft_reload_process(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    const std::string id = shown(options.is_object() ? member_of(options, "id") : options);
    reload_by_id(supervisor, args, fmt::format("pm_id {0} not available in {0}", id), Truth::Pm2,
                 std::move(answer));
}

void reload(Supervisor& supervisor, const Json& args, Answer answer) {
    reload_by_id(supervisor, args, "PM2 ID unknown", Truth::Outcome, std::move(answer));
}

void delete_process(Supervisor& supervisor, const Json& args, Answer answer) {
    const auto id = id_or_member(argument(args, 0), "id");
    if (!id) return answer(Error{ErrorCode::NotFound, shown(argument(args, 0)) + " : id unknown"});
    const Done done = [&supervisor, id = *id, answer](const Result<void>& result) {
        if (!result) return answer(result.error());
        const Slot* slot = supervisor.find(id);
        answer(slot ? row(*slot) : Json(nullptr));
    };
    const Json& options = argument(args, 1);
    if (member_of(options, ipc::kDrainOption) == true)
        supervisor.retire(*id, done);
    else
        supervisor.remove(*id, done);
}

void duplicate_process(Supervisor& supervisor, const Json& args, Answer answer) {
    const auto id = id_or_member(argument(args, 0), "id");
    if (!id) return answer(Error{ErrorCode::NotFound, shown(argument(args, 0)) + " id unknown"});
    // The new id is only known after the call, and the answer may come within it.
    const auto made = std::make_shared<int>(-1);
    const Done done = [&supervisor, made, answer](const Result<void>& result) {
        if (is_failure(result, Truth::Pm2)) return answer(result.error());
        answer(process_or_null(supervisor, *made));
    };
    const auto new_id = supervisor.duplicate(*id, done);
    if (!new_id) return answer(new_id.error());
    *made = *new_id;
}

}  // namespace kpm::core

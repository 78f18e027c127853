#include "daemon/commands/control_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "daemon/commands/arguments.h"
#include "daemon/core/rows.h"
#include "ipc/base/signal_name.h"

namespace kpm::core {
namespace {

// "SIGUSR2", "USR2", "12" and 12.
std::optional<int> asked_signal(const Json& value) {
    if (const auto number = as_id(value)) return *number > 0 && *number < NSIG ? number : std::nullopt;
    return value.is_string() ? signal_number(value.get_ref<const std::string&>()) : std::nullopt;
}

Json all_rows(const Supervisor& supervisor) {
    Json rows = Json::array();
    for (const auto& [pm_id, slot] : supervisor.slots()) rows.push_back(row(slot));
    return rows;
}

Error unknown_signal(const Json& options) {
    return {ErrorCode::Invalid, "Unknown signal: " + shown(member_of(options, "signal"))};
}

}  // namespace

void send_signal_to_id(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    const auto id = id_or_member(options, "process_id");
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return answer(Error{ErrorCode::NotFound, fmt::format("{} id unknown", id ? *id : -1)});
    const auto signo = asked_signal(member_of(options, "signal"));
    if (!signo) return answer(Error{ErrorCode::Invalid, "Error when sending signal (signal unknown)"});
    if (const auto sent = supervisor.send_signal(slot->pm_id, *signo); !sent) return answer(sent.error());
    answer(all_rows(supervisor));
}

void send_signal_to_name(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    const std::string name = text_member(options, "process_name");
    auto ids = supervisor.ids_of(name);
    if (ids.empty() && name == "all") {
        for (const auto& [id, slot] : supervisor.slots()) ids.push_back(id);
    }
    if (ids.empty()) return answer(Error{ErrorCode::NotFound, "Unknown process name"});
    const auto signo = asked_signal(member_of(options, "signal"));
    if (!signo) return answer(unknown_signal(options));
    // Those that do not run get none; that nobody runs is an error, told of the first.
    const int first = ids.front();
    std::erase_if(ids, [&](int id) { return supervisor.find(id)->current.life.data().pid == 0; });
    if (ids.empty()) ids.push_back(first);
    for (const int id : ids)
        if (const auto sent = supervisor.send_signal(id, *signo); !sent) return answer(sent.error());
    answer(all_rows(supervisor));
}

void reset_counters(Supervisor& supervisor, const Json& args, Answer answer) {
    const auto id = id_or_member(argument(args, 0), "id");
    if (!id) return answer(Error{ErrorCode::NotFound, shown(argument(args, 0)) + " id unknown"});
    if (const auto reset = supervisor.reset(*id); !reset) return answer(reset.error());
    answer(all_rows(supervisor));
}

void reload_logs(Supervisor& supervisor, const Json&, Answer answer) {
    supervisor.host().reopen_logs(std::nullopt);
    answer(Json::object());
}

void notify(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    if (!options.is_object() || !options.contains("id"))
        return answer(Error{ErrorCode::Invalid, "process id missing"});
    const auto id = as_id(options["id"]);
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return answer(Error{ErrorCode::NotFound, "process id doesnt exists"});
    supervisor.publish_event(*slot, text_member(options, "action_name"), options.contains("manually"));
    answer(Json());
}

void await_end(Supervisor& supervisor, const Json&, Answer answer) {
    supervisor.when_all_ended([answer = std::move(answer)](const std::optional<LastEnd>& last) {
        if (!last) return answer(Json());
        answer(Json{{"pm_id", last->pm_id},
                    {"name", last->name},
                    {"exit_code", last->code ? Json(*last->code) : Json()},
                    {"exit_signal", last->signal},
                    {"failure", last->failure}});
    });
}

// PM2's clients switch the watcher off before each stop, watched or not. Here the stop itself ends the watch,
// and the next start must bring it back: there is nothing to do.
void stop_watch(Supervisor&, const Json&, Answer answer) {
    answer(Json{{"success", true}});
}

namespace {

// (methodName, {id}): acts only for restarts, as PM2.
void change_watch(Supervisor& supervisor, const Json& args, const Answer& answer, bool toggle) {
    const auto id = id_or_member(argument(args, 1), "id");
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (slot && argument(args, 0) == "restartProcessId") {
        ecosystem::AppConfig config = slot->config.whole();
        if (toggle || !ecosystem::is_on(config.watch)) config.watch = !ecosystem::is_on(config.watch);
        if (const auto changed = supervisor.reconfigure(*id, std::move(config)); !changed)
            return answer(changed.error());
    }
    answer(Json{{"success", true}});
}

}  // namespace

void start_watch(Supervisor& supervisor, const Json& args, Answer answer) {
    change_watch(supervisor, args, answer, false);
}
void toggle_watch(Supervisor& supervisor, const Json& args, Answer answer) {
    change_watch(supervisor, args, answer, true);
}

namespace {

// A mark in lists, "[M]", that PM2's clients set. It is stored with the app, as in PM2.
void set_monitored(Supervisor& supervisor, const Json& args, const Answer& answer, bool is_monitored) {
    const auto id = id_or_member(argument(args, 0), "id");
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return answer(Error{ErrorCode::NotFound, "Unknown pm_id"});
    ecosystem::AppConfig config = slot->config.whole();
    config.extra["_km_monitored"] = is_monitored;
    if (const auto changed = supervisor.reconfigure(*id, std::move(config)); !changed)
        return answer(changed.error());
    answer(Json{{"success", true}, {"pm_id", *id}});
}

}  // namespace

void monitor(Supervisor& supervisor, const Json& args, Answer answer) {
    set_monitored(supervisor, args, answer, true);
}
void unmonitor(Supervisor& supervisor, const Json& args, Answer answer) {
    set_monitored(supervisor, args, answer, false);
}

// PM2's daemon has Node measure itself.
void profile(Supervisor&, const Json&, Answer answer) {
    answer(Error{ErrorCode::Invalid,
                 "cannot profile 'kpmd': it is no Node program; `perf` can, and --cpu-prof or --heap-prof in "
                 "node_args profiles an app"});
}

namespace {

// Not what is being deleted. Modules are not among the saved apps: a list of their own brings them back.
bool is_saved(const Slot& slot) {
    if (slot.doomed) return false;
    const auto flag = slot.config->extra.find("pmx_module");
    return flag == slot.config->extra.end() || *flag != true;
}

std::size_t saved_count(const Supervisor& supervisor) {
    return static_cast<std::size_t>(
        std::ranges::count_if(supervisor.slots(), [](const auto& entry) { return is_saved(entry.second); }));
}

Result<void> save_dump(Supervisor& supervisor, bool even_if_empty) {
    if (saved_count(supervisor) == 0 && !even_if_empty) return {};
    Json dump = Json::array();
    for (const auto& [pm_id, slot] : supervisor.slots())
        if (is_saved(slot)) dump.push_back(dump_entry(slot));
    return supervisor.host().write_dump(dump.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void save(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    if (supervisor.is_ending())
        return answer(Error{ErrorCode::Unavailable, "cannot save 'the list of apps': the daemon is ending"});
    const bool is_forced = member_of(options, "force") == true;
    if (const auto saved = save_dump(supervisor, is_forced); !saved) return answer(saved.error());
    const std::size_t count = saved_count(supervisor);
    answer(Json{{"apps", count}, {"written", is_forced || count > 0}});
}

// PM2 sets a flag here that is never cleared, so a client that dies next leaves its daemon crippled. Here the
// stop is what killMe asks for.
void notify_kill(Supervisor&, const Json&, Answer) {}

void kill_me(Supervisor& supervisor, const Json& args, Answer) {
    const Json& options = argument(args, 0);
    const int client = as_id(member_of(options, "pid")).value_or(0);
    supervisor.end([&supervisor, client](const Result<void>&) {
        supervisor.host().publish("pm2:kill", {{"status", "killed"}, {"msg", "pm2 has been killed via CLI"}});
        supervisor.host().shut_down(client);
    });
}

void save_and_end(Supervisor& supervisor) {
    if (supervisor.is_ending()) return;
    if (const auto saved = save_dump(supervisor, false); !saved) supervisor.host().log(saved.error().message);
    supervisor.host().publish("pm2:kill", {{"status", "killed"}, {"msg", "pm2 has been killed by SIGNAL"}});
    supervisor.end([&supervisor](const Result<void>&) { supervisor.host().shut_down(0); });
}

}  // namespace kpm::core

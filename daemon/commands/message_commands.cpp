#include <fmt/format.h>

#include <algorithm>

#include "daemon/commands/arguments.h"
#include "daemon/commands/control_commands.h"

namespace kpm::core {
namespace {

bool has(const Json& value, const char* key) {
    return value.is_object() && value.contains(key) && !value[key].is_null();
}

Error no_such_process(const Json& id) {
    return {ErrorCode::NotFound, fmt::format("Process with ID <{}> unknown.", shown(id))};
}

Error is_offline(int id) {
    return {ErrorCode::Unavailable, fmt::format("Process with ID <{}> offline.", id)};
}

// The script's file name, as msgProcess takes it in place of the app's name.
std::string_view script_name(const Slot& slot) {
    const std::string_view script = slot.config->script;
    return script.substr(script.rfind('/') + 1);
}

bool knows_action(const Slot& slot, const Json& action) {
    return slot.told && std::ranges::any_of(slot.told->axm_actions,
                                            [&](const Json& one) { return one["action_name"] == action; });
}

// Without parameters the bare name of the action, as PM2's library for apps expects it. `uuid` names a scoped
// action's answers; only a single process is told it.
Json action_message(const Json& options) {
    const bool is_scoped = has(options, "id") && has(options, "uuid");
    return has(options, "opts") || is_scoped ? options : options["msg"];
}

}  // namespace

// {id, type, topic, data}: the process gets it as it is.
void send_data(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& packet = argument(args, 0);
    const auto id = has(packet, "id") ? as_id(packet["id"]) : std::nullopt;
    if (!id || !has(packet, "data") || !has(packet, "topic") || packet["topic"] == false)
        return answer(Error{ErrorCode::Invalid, "ID, DATA or TOPIC field is missing"});
    const Slot* slot = supervisor.find(*id);
    if (!slot) return answer(no_such_process(packet["id"]));
    if (slot->current.life.data().pid == 0) return answer(is_offline(*id));
    if (const auto sent = supervisor.send_message(*id, packet); !sent) return answer(sent.error());
    answer(Json{{"success", true}, {"data", packet}});
}

// {pm_id, line}: bytes for the process's standard input.
void send_line(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    const auto id = has(options, "pm_id") ? as_id(options["pm_id"]) : std::nullopt;
    if (!has(options, "pm_id") || !has(options, "line") || !options["line"].is_string())
        return answer(Error{ErrorCode::Invalid, "pm_id or line field missing"});
    const Slot* slot = id ? supervisor.find(*id) : nullptr;
    if (!slot) return answer(no_such_process(options["pm_id"]));
    if (slot->current.life.data().pid == 0) return answer(is_offline(*id));
    const auto sent =
        supervisor.host().write_input(slot->key(), options["line"].get_ref<const std::string&>());
    if (!sent) return answer(sent.error());
    answer(Json{{"pm_id", *id}, {"line", options["line"]}});
}

// {msg, id | name, opts?}: an action that the process has told of (`trigger`).
void send_action(Supervisor& supervisor, const Json& args, Answer answer) {
    const Json& options = argument(args, 0);
    if (!has(options, "msg")) return answer(Error{ErrorCode::Invalid, "method requires msg field"});
    const Json message = action_message(options);
    if (has(options, "id")) {
        const auto id = as_id(options["id"]);
        const Slot* slot = id ? supervisor.find(*id) : nullptr;
        if (!slot)
            return answer(Error{ErrorCode::NotFound, fmt::format("{} id unknown", shown(options["id"]))});
        if (!knows_action(*slot, options["msg"]))
            return answer(Error{ErrorCode::NotFound, fmt::format("Action doesn't exist {} for {}",
                                                                 shown(options["msg"]), slot->config->name)});
        if (const auto sent = supervisor.send_message(*id, message); !sent) return answer(sent.error());
        return answer(Json{{"process_count", 1}, {"success", true}});
    }
    const std::string name = text_member(options, "name");
    if (name.empty()) return answer(Error{ErrorCode::Invalid, "method requires name or id field"});
    int count = 0;
    for (const auto& [pm_id, slot] : supervisor.slots()) {
        const bool is_meant = name == "all" || name == slot.config->name || name == slot.config->name_space ||
                              name == script_name(slot);
        if (!is_meant || !knows_action(slot, options["msg"])) continue;
        count += supervisor.send_message(pm_id, message).has_value();
    }
    answer(Json{{"process_count", count}, {"success", true}});
}

}  // namespace kpm::core

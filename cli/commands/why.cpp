// why: how the last processes of an app ended, and what the newest said on stderr before.
#include <fmt/format.h>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/exit_history.h"
#include "cli/facts.h"
#include "cli/log_tail.h"
#include "cli/log_view.h"
#include "ipc/base/user.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::size_t kErrorLines = 10;

struct Reasons {
    const ProcessRow& row;
    std::string newest;  // how its newest process ended, "" = none has
    std::string probe;   // that fails now, "" = none
    std::vector<PastExit> exits;
    std::vector<std::string> errors;
};

// "not ready, readiness probe fails: connection refused"
std::string failing_probe(const Json& env) {
    const auto state = env.find("health_state");
    if (state == env.end() || !state->is_object()) return "";
    for (const char* kind : {"startup", "readiness", "liveness"}) {
        const auto probe = state->find(kind);
        if (probe == state->end() || !probe->is_object() || text_of(*probe, "ok") == "true") continue;
        return fmt::format("{}, {} probe fails: {}",
                           text_of(*state, "ready") == "true" ? "ready" : "not ready", kind,
                           text_of(*probe, "reason"));
    }
    return "";
}

std::string user_name(std::int64_t uid) {
    const auto user = find_user(static_cast<uid_t>(uid));
    return user ? user->name : "";
}

Reasons reasons_of(const ProcessRow& row, std::vector<PastExit> exits) {
    // After a reload the list tells of the new process only, which has not ended.
    std::string newest = exits.empty() ? exit_cause(row.env()) : exits.back().end;
    Reasons reasons{row, std::move(newest), failing_probe(row.env()), std::move(exits), {}};
    if (auto lines = last_lines(row.error_log, kErrorLines); lines && !row.error_log.empty())
        reasons.errors = std::move(*lines);
    return reasons;
}

Json facts_of(const Reasons& reasons) {
    Json exits = Json::array();
    for (const PastExit& exit : reasons.exits) exits.push_back(past_exit_facts(exit));
    return {{"id", reasons.row.id},
            {"name", reasons.row.name},
            {"status", reasons.row.status},
            {"restarts", reasons.row.restarts},
            {"cause", reasons.newest.empty() ? Json() : Json(reasons.newest)},
            {"probe", reasons.probe.empty() ? Json() : Json(reasons.probe)},
            {"exits", std::move(exits)},
            {"stderr", reasons.errors}};
}

std::string text_of(const Reasons& reasons, const Paint& paint) {
    const ProcessRow& row = reasons.row;
    std::string text = paint(fmt::format("[{}]({})", printable(row.name), row.id), {Style::Bold}) +
                       fmt::format(" is {}, {} restart{}\n", printable(row.status), row.restarts,
                                   row.restarts == 1 ? "" : "s");
    if (!reasons.probe.empty()) text += fmt::format("  {}\n", printable(reasons.probe));
    if (reasons.newest.empty())
        text += "  it has not ended yet\n";
    else
        text +=
            fmt::format("  last exit: {}\n",
                        printable(reasons.exits.empty() ? reasons.newest : exit_text(reasons.exits.back())));
    if (!reasons.exits.empty()) text += "  last exits:\n";
    for (const PastExit& exit : reasons.exits)
        text += fmt::format("    {}  {}  {}\n", time_text("YYYY-MM-DDTHH:mm:ss", exit.at),
                            exit.pid ? fmt::format("pid {}, up {}", *exit.pid, span_text(exit.uptime))
                                     : std::string("not started"),
                            printable(exit_text(exit)));
    if (!reasons.errors.empty()) text += fmt::format("  last lines of {}:\n", printable(row.error_log));
    for (const std::string& line : reasons.errors) text += fmt::format("    {}\n", printable(line));
    return text;
}

// PM2's daemon keeps none.
Result<Json> exits_of(Session& session, const Json& id) {
    if (!session.is_kpm()) return Json::array();
    return session.call(ipc::method::kExits, Json::array({{{"id", id}}}));
}

}  // namespace

int run_why(Context& context) {
    const std::string word(context.word());
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    const auto ids = select_or_say(context, word, list->rows);
    if (!ids) return kFailed;
    Json facts = Json::array();
    std::string text;
    for (const Json& id : *ids) {
        const ProcessRow* row = find_row(list->rows, id);
        if (row == nullptr) return context.fail(fmt::format("{} : id unknown", id_text(id)));
        const auto exits = exits_of(*context.session, id);
        if (!exits) return context.fail(exits.error());
        const Reasons reasons = reasons_of(*row, past_exits(*exits, user_name));
        facts.push_back(facts_of(reasons));
        text += text_of(reasons, context.console.paint());
    }
    if (context.line.has("json")) return print_json(context, facts);
    context.console.text(text);
    return kDone;
}

}  // namespace kpm::cli

// healthcheck: one question for HEALTHCHECK and exec probes, answered by the exit code.
#include <fmt/format.h>

#include <algorithm>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/healthcheck_view.h"
#include "cli/runtime/container_environment.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

// `reason`: why it is not, or why nothing was asked.
int say(Context& context, bool is_healthy, const std::vector<HealthFinding>& findings,
        const std::string& reason) {
    if (context.line.has("json")) {
        Json apps = Json::array();
        for (const auto& [row, problem] : findings)
            apps.push_back({{"name", row->name},
                            {"id", row->id},
                            {"status", row->status},
                            {"healthy", problem.empty()},
                            {"problem", problem}});
        print_json(context, {{"healthy", is_healthy}, {"reason", reason}, {"apps", std::move(apps)}});
    } else if (is_healthy) {
        context.console.line("healthy: " +
                             (reason.empty() ? fmt::format("{} online", findings.size()) : reason));
    } else {
        context.console.error_line("unhealthy: " + reason);
    }
    return is_healthy ? kDone : kFailed;
}

}  // namespace

int run_healthcheck(Context& context) {
    if (context.session == nullptr) {
        if (wants_supervisor()) return say(context, false, {}, "no daemon runs");
        // The container's process is the app: that it is there is all that can be said.
        return say(context, true, {}, "no supervisor is wanted");
    }
    const auto list = context.session->brief_list();
    if (!list) return say(context, false, {}, list.error().message);
    std::vector<ProcessRow> rows;
    if (context.line.words.empty()) rows = list->rows;
    for (const std::string& word : context.line.words) {
        const auto selection = select(word, list->rows, {context.cwd});
        std::size_t found = 0;
        for (const Json& id : selection ? selection->ids : std::vector<Json>{})
            if (const ProcessRow* row = find_row(list->rows, id)) {
                rows.push_back(*row);
                ++found;
            }
        if (found == 0) return say(context, false, {}, fmt::format("there is no {}", printable(word)));
    }
    if (rows.empty()) return say(context, false, {}, "no app is managed");
    const auto findings = health_of(rows);
    std::string reason;
    for (const auto& [row, problem] : findings)
        if (!problem.empty())
            reason += fmt::format("{}{} ({}) {}", reason.empty() ? "" : ", ", printable(row->name), row->id,
                                  printable(problem));
    return say(context, reason.empty(), findings, reason);
}

}  // namespace kpm::cli

#include "cli/monit/details.h"

#include <fmt/format.h>

namespace kpm::cli::monit {
namespace {

std::string or_unknown(std::string text) {
    if (text.empty()) text = "N/A";
    return text;
}

std::string without_mode(const std::string& exec_mode) {
    return exec_mode.ends_with("_mode") ? exec_mode.substr(0, exec_mode.size() - 5) : exec_mode;
}

// Of a worker, as the balancer has counted them.
void append_connections(std::vector<Detail>& details, const ProcessRow& row) {
    for (const auto& [title, key] : {std::pair{"Connections active", "active"},
                                     {"Connections handed", "handed"},
                                     {"Connections accepted", "accepted"},
                                     {"Connections rescued", "rescued"},
                                     {"Connections refused", "refused"}})
        if (const auto count = integer_of(row.connections(), key))
            details.push_back({title, std::to_string(*count)});
}

}  // namespace

std::vector<Detail> metadata_of(const ProcessRow& row, std::int64_t now) {
    const Json& env = row.env();
    std::vector<Detail> details{
        {"App Name", row.name},
        {"Namespace", or_unknown(row.name_space)},
        {"Version", or_unknown(row.version)},
        {"Status", or_unknown(row.status)},
        {"Pid", row.pid.value_or(0) > 0 ? std::to_string(*row.pid) : "N/A"},
        {"Restarts", std::to_string(row.restarts)},
        {"Uptime", uptime_text(row, now)},
    };
    append_connections(details, row);
    const std::string early_exits = text_of(env, "unstable_restarts");
    details.insert(details.end(),
                   {{"Script path", or_unknown(row.script)},
                    {"Script args", or_unknown(words_of(env, "args"))},
                    {"Interpreter", or_unknown(text_of(env, "exec_interpreter"))},
                    {"Interpreter args", or_unknown(words_of(env, "node_args"))},
                    {"Exec mode", or_unknown(without_mode(row.exec_mode))},
                    {"Node.js version", or_unknown(text_of(env, "node_version"))},
                    {"watch & reload", row.watching ? "✔" : "✘"},
                    {"Unstable restarts", integer_of(env, "unstable_restarts") ? early_exits : "0"},
                    {"User", or_unknown(row.user)}});
    if (std::string text = text_of(env, "status_text"); !text.empty())
        details.insert(details.begin() + 4, {"Status text", std::move(text)});
    if (const auto git = env.find("versioning"); git != env.end() && git->is_object()) {
        for (const auto& [title, key] : {std::pair{"Comment", "comment"},
                                         {"Revision", "revision"},
                                         {"Branch", "branch"},
                                         {"Remote url", "url"},
                                         {"Last update", "update_time"}}) {
            details.push_back({title, or_unknown(text_of(*git, key))});
        }
    }
    return details;
}

std::vector<Detail> metrics_of(const ProcessRow& row) {
    std::vector<Detail> details;
    const auto monitor = row.env().find("axm_monitor");
    if (monitor == row.env().end() || !monitor->is_object()) return details;
    for (const auto& [name, metric] : monitor->items()) {
        std::string value = metric.is_object() ? text_of(metric, "value") : std::string();
        const std::string unit = metric.is_object() ? text_of(metric, "unit") : std::string();
        details.push_back({name, unit.empty() ? std::move(value) : fmt::format("{} {}", value, unit)});
    }
    return details;
}

}  // namespace kpm::cli::monit

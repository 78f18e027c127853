#include "cli/describe_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/gpu_view.h"
#include "cli/list_view.h"
#include "cli/ordered_work.h"
#include "cli/table_view.h"
#include "ecosystem/schema.h"

namespace kpm::cli {
namespace {

// As in PM2 a value is cut where its line would be longer than the terminal's.
constexpr int kNameShare = 60;  // columns
constexpr int kShortestValue = 40;
constexpr const char* kHidden = "(hidden)";

std::string or_unknown(std::string text) {
    return text.empty() ? "N/A" : printable(text);
}

Table key_table() {
    Table table;
    table.columns = {{"", 0}, {"", 0}};
    table.has_head = false;
    table.first_column_is_head = true;
    return table;
}

// What the probes have told last, and since when they tell it.
std::vector<std::pair<std::string, std::string>> health_lines(const Json& env) {
    std::vector<std::pair<std::string, std::string>> lines;
    const auto state = env.find("health_state");
    if (state == env.end() || !state->is_object()) return lines;
    lines.emplace_back("health", text_of(*state, "ready") == "true" ? "ready" : "not ready");
    for (const char* kind : {"startup", "readiness", "liveness"}) {
        const auto probe = state->find(kind);
        if (probe == state->end() || !probe->is_object()) continue;
        std::string text = text_of(*probe, "ok") == "true" ? "succeeds" : "fails";
        if (const auto since = integer_of(*probe, "since")) text += " since " + iso_time(*since);
        if (const std::string reason = text_of(*probe, "reason"); !reason.empty())
            text += ": " + printable(reason);
        lines.emplace_back(std::string(kind) + " probe", std::move(text));
    }
    return lines;
}

// "db (ready), cache"
std::string dependencies(const Json& env) {
    std::string text;
    for (const auto& [name, condition] : needs_in(env)) {
        text += (text.empty() ? "" : ", ") + name;
        if (condition != ecosystem::Condition::Started)
            text += fmt::format(" ({})", ecosystem::to_text(condition));
    }
    return text;
}

std::string attributes(const ProcessRow& row, std::int64_t now, const Paint& paint) {
    const Json& env = row.env();
    Table table = key_table();
    const auto add = [&](std::string key, std::string value, std::vector<Style> styles = {}) {
        table.rows.push_back({{std::move(key)}, {std::move(value), std::move(styles)}});
    };
    const auto created = integer_of(env, "created_at");
    const auto memory_limit = integer_of(env, "max_memory_restart");
    const auto node_env = env.find("env");
    add("status", printable(row.status), status_styles(row.status));
    if (const std::string text = text_of(env, "status_text"); !text.empty())
        add("status text", printable(text));
    for (const auto& [key, value] : health_lines(env)) add(key, value);
    add("name", printable(row.name));
    add("namespace", or_unknown(row.name_space));
    add("version", or_unknown(row.version));
    add("restarts", std::to_string(row.restarts));
    if (memory_limit.value_or(0) > 0) add("max memory restart", std::to_string(*memory_limit));
    if (!row.cron.empty()) add("cron restart", printable(row.cron));
    if (const std::string needs = dependencies(env); !needs.empty()) add("depends on", printable(needs));
    if (const std::string gpu = gpu_long_text(row); !gpu.empty()) add("gpu", printable(gpu));
    if (is_on_gpu(row)) {
        add("gpu usage", gpu_percent_text(row));
        add("gpu memory", gpu_memory_text(row));
        if (const std::string note = gpu_note(row); !note.empty())
            add("gpu note", printable(note), {Style::Yellow});
    }
    add("uptime", uptime_text(row, now));
    if (!row.entire_log.empty()) add("entire log path", printable(row.entire_log));
    add("script path", or_unknown(row.script));
    add("script args", or_unknown(words_of(env, "args")));
    add("error log path", or_unknown(row.error_log));
    add("out log path", or_unknown(row.out_log));
    if (const auto losses = env.find("log_state"); losses != env.end()) {
        add("output lost", fmt::format("{} bytes", integer_of(*losses, "dropped_bytes").value_or(0)),
            {Style::Red});
        if (const std::string failure = text_of(*losses, "failure"); !failure.empty())
            add("log failure", printable(failure), {Style::Red});
    }
    add("pid path", or_unknown(row.pid_file));
    add("interpreter", or_unknown(text_of(env, "exec_interpreter")));
    add("interpreter args", or_unknown(words_of(env, "node_args")));
    add("script id", std::to_string(row.id));
    add("exec cwd", or_unknown(text_of(env, "pm_cwd")));
    add("exec mode", or_unknown(row.exec_mode));
    add("node.js version", or_unknown(text_of(env, "node_version")));
    add("node env", or_unknown(node_env == env.end() ? "" : text_of(*node_env, "NODE_ENV")));
    if (row.watching)
        add("watch & reload", "✔", {Style::Green, Style::Bold});
    else
        add("watch & reload", "✘");
    if (const std::string trouble = text_of(env, "watch_trouble"); !trouble.empty())
        add("watched in part", printable(trouble), {Style::Yellow});
    add("unstable restarts",
        text_of(env, "unstable_restarts").empty() ? "0" : text_of(env, "unstable_restarts"));
    add("created at", created ? iso_time(*created) : "N/A");
    return render_table(std::move(table), paint);
}

std::string title(std::string_view text, const Paint& paint) {
    return paint(text, {Style::Inverse, Style::Bold}) + "\n";
}

std::string end_of(const LastExit& last_exit, const Paint& paint) {
    const std::string text = last_exit_text(last_exit, " ");
    return text.empty() ? "" : title(" Last exit ", paint) + text + "\n";
}

std::string actions(const ProcessRow& row, const Paint& paint) {
    const auto list = row.env().find("axm_actions");
    if (list == row.env().end() || !list->is_array() || list->empty()) return "";
    Table table;
    table.columns = {{"", 0}};
    table.has_head = false;
    for (const Json& action : *list) table.rows.push_back({{printable(text_of(action, "action_name"))}});
    return title(" Actions available ", paint) + render_table(std::move(table), paint) +
           paint(fmt::format(" Trigger via: kpm trigger {} <action_name>\n", printable(row.name)),
                 {Style::White, Style::Italic}) +
           "\n";
}

// What its configuration under its own name is (module_conf.json), as its library has told.
std::string configuration(const ProcessRow& row, const Paint& paint) {
    const auto options = row.env().find("axm_options");
    if (options == row.env().end() || !options->is_object()) return "";
    const auto settings = options->find("module_conf");
    if (settings == options->end() || !settings->is_object() || settings->empty()) return "";
    Table table = key_table();
    for (const auto& [key, value] : settings->items())
        table.rows.push_back({{printable(key)}, {printable(text_of(*settings, key))}});
    return "Process configuration\n" + render_table(std::move(table), paint);
}

std::string metrics(const ProcessRow& row, const Paint& paint) {
    const auto monitor = row.env().find("axm_monitor");
    if (monitor == row.env().end() || !monitor->is_object() || monitor->empty()) return "";
    Table table = key_table();
    for (const auto& [name, metric] : monitor->items()) {
        const std::string unit = metric.is_object() ? text_of(metric, "unit") : std::string();
        const std::string value = metric.is_object() ? text_of(metric, "value") : std::string();
        table.rows.push_back({{printable(name)}, {printable(unit.empty() ? value : value + " " + unit)}});
    }
    return title(" Code metrics value ", paint) + render_table(std::move(table), paint);
}

std::string connections(const ProcessRow& row, const Json& workers, const Paint& paint) {
    if (!workers.is_array()) return "";
    for (const Json& worker : workers) {
        if (integer_of(worker, "pm_id") != row.id) continue;
        Table table = key_table();
        for (const char* counter : {"handed", "accepted", "active", "rescued", "refused", "load"}) {
            if (const auto value = integer_of(worker, counter)) {
                table.rows.push_back({{counter}, {std::to_string(*value)}});
            }
        }
        return title(" Connections ", paint) + render_table(std::move(table), paint);
    }
    return "";
}

// Hidden: the names of those that differ from the shell's. Shown: all.
Table variables_of(const ProcessRow& row, const ecosystem::Environment& local, Values values, int width) {
    Table table = key_table();
    const auto env = row.env().find("env");
    if (env == row.env().end() || !env->is_object()) return table;
    const int longest = std::max(kShortestValue, width - kNameShare);
    for (const auto& [name, value] : env->items()) {
        if (values == Values::Shown) {
            table.rows.push_back({{printable(name)}, {truncated(printable(text_of(*env, name)), longest)}});
            continue;
        }
        const std::string* here = ecosystem::find_variable(local, name);
        if (here != nullptr && value.is_string() && value != *here)
            table.rows.push_back({{printable(name)}, {kHidden}});
    }
    return table;
}

std::string hints(const ProcessRow& row, Values values, const Paint& paint) {
    const std::string name = printable(row.name);
    std::vector<std::string> lines{fmt::format(" Use `kpm logs {} [--lines 1000]` to display logs", name),
                                   fmt::format(" Use `kpm env {}` to display environment variables", row.id),
                                   " Use `kpm monit` to monitor CPU and Memory usage"};
    if (values == Values::Hidden)
        lines.push_back(fmt::format(" Use `kpm describe {} --env` to display all variables here", row.id));
    std::string text = "\n";
    for (const std::string& line : lines) text += paint(line, {Style::White, Style::Italic}) + "\n";
    return text;
}

}  // namespace

std::string describe_text(const ProcessRow& row, const ecosystem::Environment& local, Values values,
                          const Json& workers, const LastExit& last_exit, std::int64_t now,
                          const Terminal& terminal) {
    const Paint paint(terminal.colour);
    Table variables = variables_of(row, local, values, terminal.width);
    const char* heading =
        values == Values::Shown ? " Env variables " : " Divergent env variables from local env ";
    return paint(fmt::format(" Describing process with id {} - name {} ", row.id, printable(row.name)),
                 {Style::Bold, Style::Inverse}) +
           "\n" + attributes(row, now, paint) + end_of(last_exit, paint) + configuration(row, paint) +
           actions(row, paint) + metrics(row, paint) + connections(row, workers, paint) +
           title(heading, paint) +
           (variables.rows.empty() ? "\n" : render_table(std::move(variables), paint)) +
           hints(row, values, paint);
}

}  // namespace kpm::cli

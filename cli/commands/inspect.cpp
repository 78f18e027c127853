// Commands that only look: the lists, describe, env, pid, id.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/describe_view.h"
#include "cli/facts.h"
#include "cli/js_literal.h"
#include "cli/list_view.h"
#include "ipc/base/text.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::chrono::milliseconds kRefresh{900};

// What describes the process rather than its environment.
constexpr std::array<std::string_view, 34> kInternalKeys{"name",
                                                         "filter_env",
                                                         "env",
                                                         "merge_logs",
                                                         "vizion",
                                                         "autostart",
                                                         "autorestart",
                                                         "watch",
                                                         "instance_var",
                                                         "pmx",
                                                         "automation",
                                                         "treekill",
                                                         "username",
                                                         "windowsHide",
                                                         "kill_retry_time",
                                                         "node_args",
                                                         "pm_exec_path",
                                                         "pm_cwd",
                                                         "exec_interpreter",
                                                         "exec_mode",
                                                         "instances",
                                                         "pm_out_log_path",
                                                         "pm_err_log_path",
                                                         "pm_pid_path",
                                                         "status",
                                                         "pm_uptime",
                                                         "axm_actions",
                                                         "axm_monitor",
                                                         "axm_options",
                                                         "axm_dynamic",
                                                         "created_at",
                                                         "pm_id",
                                                         "restart_time",
                                                         "unstable_restarts"};

std::string clock_text() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    char text[64];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local)};
}

int watch_list(Context& context) {
    for (;;) {
        context.console.text("\x1b[2J\x1b[0f");
        context.console.line("Last refresh: " + clock_text());
        if (const int result = print_list(context); result != kDone) return result;
        if (std::ferror(stdout) != 0) return kDone;  // nobody looks any more
        std::this_thread::sleep_for(kRefresh);
    }
}

std::string shown_value(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string text;
    for (const Json& element : value) {
        if (&element != &value.front()) text += ',';
        text += shown_value(element);
    }
    return text;
}

}  // namespace

int run_list(Context& context) {
    if (!context.line.has("json"))
        return context.line.has("watch") ? watch_list(context) : print_list(context);
    auto list = context.session->brief_list();
    if (!list) return context.fail(list.error());
    sort_rows(list->rows, context.line.value("sort").value_or("name"));
    Json facts = Json::array();
    for (const ProcessRow& row : list->rows) facts.push_back(list_facts(row, now_ms()));
    return print_json(context, facts);
}

int run_jlist(Context& context) {
    // The answer is the output: a thousand environments need not be read for that.
    const auto text = context.session->answer();
    if (!text) return context.fail(text.error());
    context.console.output(*text);
    return kDone;
}

int run_prettylist(Context& context) {
    const auto data = context.session->call(ipc::method::kGetMonitorData);
    if (!data) return context.fail(data.error());
    context.console.output(js_literal(*data));
    return kDone;
}

int run_describe(Context& context) {
    const std::string_view word = context.word();
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    const auto workers =
        context.session->is_kpm() ? context.session->call(ipc::method::kWorkers) : Result<Json>(Json());
    const auto local = ecosystem::environment_from(environ);
    const Values values = context.line.has("env") ? Values::Shown : Values::Hidden;
    bool found = false;
    Json facts = Json::array();
    for (const ProcessRow& row : list->rows) {
        if (row.name != word && std::to_string(row.id) != word) continue;
        found = true;
        facts.push_back(describe_facts(row, workers ? *workers : Json(), last_exit_of(row), now_ms()));
        if (values == Values::Shown) facts.back()["env"] = row.env().value("env", Json::object());
        if (context.line.has("json")) continue;
        context.console.text(describe_text(row, local, values, workers ? *workers : Json(), last_exit_of(row),
                                           now_ms(), context.console.terminal()));
    }
    if (found) return context.line.has("json") ? print_json(context, facts) : kDone;
    context.console.warn_on_stderr(fmt::format("{} doesn't exist", word));
    return kFailed;
}

int run_env(Context& context) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    const ProcessRow* row = find_row(list->rows, Json(std::string(context.word())));
    if (row == nullptr) return context.fail(fmt::format("Modules with id {} not found", context.word()));
    const Json& env = row->env();
    std::string text;
    Json facts = Json::object();
    // The variables set last come first, as in PM2.
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : env.items()) keys.push_back(key);
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
        const Json& value = env.at(std::string(*key));
        if (value.is_object() || std::ranges::find(kInternalKeys, *key) != kInternalKeys.end()) continue;
        facts[std::string(*key)] = value;
        const auto shown = [&](std::string_view part) {
            return context.console.terminal().is_tty ? printable(part) : std::string(part);
        };
        text += fmt::format("{}: {}\n", shown(*key),
                            context.console.paint()(shown(shown_value(value)), {Style::Green}));
    }
    if (context.line.has("json")) return print_json(context, facts);
    context.console.text(text);
    return kDone;
}

int run_pid(Context& context) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    std::string text;
    Json facts = Json::array();
    for (const ProcessRow& row : list->rows) {
        if (context.line.words.empty() || row.name == context.word()) {
            const bool runs = row.pid.value_or(0) > 0;
            facts.push_back({{"id", row.id}, {"name", row.name}, {"pid", runs ? Json(*row.pid) : Json()}});
            text += fmt::format("{}\n", row.pid ? std::to_string(*row.pid) : std::string());
        }
    }
    if (context.line.has("json")) return print_json(context, facts);
    context.console.text(text.empty() ? "\n" : text);
    return kDone;
}

int run_id(Context& context) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    if (context.line.has("json"))
        return print_json(context, ids_by_name(context.word(), list->rows, context.cwd));
    context.console.line(ids_text(ids_by_name(context.word(), list->rows, context.cwd)));
    return kDone;
}

}  // namespace kpm::cli

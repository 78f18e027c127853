#include "cli/exit_history.h"

#include <fmt/format.h>

#include "cli/last_exit.h"
#include "cli/process_row.h"

namespace kpm::cli {
namespace {

// "root, pid 4242"
std::string client_of(const PastExit& exit) {
    if (!exit.client_uid) return "a client";
    const std::string user =
        exit.client_user.empty() ? fmt::format("uid {}", *exit.client_uid) : exit.client_user;
    return exit.client_pid.value_or(0) != 0 ? fmt::format("{}, pid {}", user, *exit.client_pid) : user;
}

// "" = its end says it all.
std::string cause_of(const PastExit& exit) {
    const std::string& reason = exit.reason;
    if (reason == "exit" || reason == "not_started") return "";
    if (reason == "signal") return "kpm did not send it";
    if (reason == "unknown") return "it ended while no daemon ran";
    if (reason == "stop") return "stopped by " + client_of(exit);
    if (reason == "restart") return "restarted by " + client_of(exit);
    if (reason == "reload") return "reloaded by " + client_of(exit);
    if (reason == "delete") return "deleted by " + client_of(exit);
    if (reason == "send_signal") return fmt::format("{} sent by {}", exit.detail, client_of(exit));
    if (reason == "kill") return "kpm was ended by " + client_of(exit);
    if (reason == "watch") return fmt::format("restarted, '{}' has changed", exit.detail);
    if (reason == "cron") return fmt::format("restarted by its cron_restart {}", exit.detail);
    if (reason == "memory" || reason == "gpu_memory") return "restarted, it used " + exit.detail;
    if (reason == "probe") return "ended, its " + exit.detail;
    if (reason == "watchdog") return "ended, it " + exit.detail;
    if (reason == "failed_reload") return "its reload has failed: " + exit.detail;
    if (reason == "channel") return "ended, it had lost its channel: " + exit.detail;
    if (reason == "oom") return "by the kernel's OOM killer, probably: " + exit.detail;
    return exit.detail.empty() ? reason : fmt::format("{} ({})", reason, exit.detail);
}

template <class Value>
Json number_or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json();
}

}  // namespace

std::vector<PastExit> past_exits(const Json& answer,
                                 const std::function<std::string(std::int64_t)>& user_name) {
    std::vector<PastExit> exits;
    if (!answer.is_array()) return exits;
    for (const Json& entry : answer) {
        if (!entry.is_object()) continue;
        PastExit exit{.at = integer_of(entry, "at").value_or(0),
                      .uptime = integer_of(entry, "uptime").value_or(0),
                      .pid = integer_of(entry, "pid"),
                      .code = integer_of(entry, "exit_code"),
                      .signal = integer_of(entry, "exit_signal"),
                      .end = exit_cause(entry),
                      .reason = text_of(entry, "reason"),
                      .detail = text_of(entry, "detail"),
                      .client_pid = {},
                      .client_uid = {},
                      .client_user = {},
                      .is_killed = text_of(entry, "killed") == "true"};
        if (exit.end.empty()) exit.end = "unknown";
        if (const auto client = entry.find("client"); client != entry.end() && client->is_object()) {
            exit.client_pid = integer_of(*client, "pid");
            exit.client_uid = integer_of(*client, "uid");
            if (exit.client_uid) exit.client_user = user_name(*exit.client_uid);
        }
        exits.push_back(std::move(exit));
    }
    return exits;
}

std::string exit_text(const PastExit& exit) {
    std::string text = exit.end;
    if (exit.is_killed) text += " after its kill_timeout";
    if (const std::string cause = cause_of(exit); !cause.empty()) text += ": " + cause;
    return text;
}

Json past_exit_facts(const PastExit& exit) {
    Json client;
    if (exit.client_uid)
        client = {{"pid", number_or_null(exit.client_pid)},
                  {"uid", *exit.client_uid},
                  {"user", exit.client_user.empty() ? Json() : Json(exit.client_user)}};
    return {{"at", iso_time(exit.at)},
            {"uptime_ms", exit.uptime},
            {"pid", number_or_null(exit.pid)},
            {"exit_code", number_or_null(exit.code)},
            {"exit_signal", number_or_null(exit.signal)},
            {"killed", exit.is_killed},
            {"cause", exit.end},
            {"reason", exit.reason},
            {"detail", exit.detail.empty() ? Json() : Json(exit.detail)},
            {"client", std::move(client)},
            {"text", exit_text(exit)}};
}

}  // namespace kpm::cli

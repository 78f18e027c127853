#pragma once
// What a row of PM2's list says of a slot beside its configuration: status, counters, what the process has
// told. One list for both forms that rows have, a tree (rows.h) and text (row_text.h).

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/slot.h"

namespace kpm::core {

struct StateMember {
    std::string_view name;
    // Not always there. A variable of such a name is shown in its place until it is.
    bool is_occasional = false;
    bool is_dumped = true;
    // A configuration may say it as well: an app of a dump keeps it.
    bool is_given = false;
};

// All that visit_state() tells, but for the configuration's instance_var.
inline constexpr std::array kStateMemberTable{
    StateMember{"status"},
    StateMember{.name = "pm_id", .is_dumped = false},
    StateMember{"pm_uptime"},
    StateMember{"created_at"},
    StateMember{"restart_time"},
    StateMember{"unstable_restarts"},
    StateMember{"unique_id"},
    StateMember{"axm_actions"},
    StateMember{"axm_monitor"},
    StateMember{"axm_options"},
    StateMember{"axm_dynamic"},
    StateMember{"vizion_running"},
    StateMember{"km_link"},
    StateMember{.name = "node_version", .is_occasional = true},
    StateMember{.name = "version", .is_given = true},
    StateMember{.name = "exit_code", .is_occasional = true},
    StateMember{.name = "exit_signal", .is_occasional = true},
    StateMember{.name = "prev_restart_delay", .is_occasional = true, .is_dumped = false},
    StateMember{.name = "failure", .is_occasional = true},
    StateMember{.name = "status_text", .is_occasional = true, .is_dumped = false},
    StateMember{.name = "health_state", .is_occasional = true, .is_dumped = false},
    StateMember{.name = "watch_trouble", .is_occasional = true, .is_dumped = false},
    StateMember{.name = "gpu_state", .is_occasional = true, .is_dumped = false},
    StateMember{.name = "log_state", .is_occasional = true, .is_dumped = false},
};
constexpr std::size_t kStateMembers = kStateMemberTable.size() + 1;  // at most

constexpr bool is_occasional_member(std::string_view name) {
    return std::ranges::any_of(kStateMemberTable, [name](const StateMember& member) {
        return member.is_occasional && member.name == name;
    });
}

// What the probes of its process have found; the slot must have some.
Json health_state(const Slot& slot);

// Calls put(name, value) for each; value is a bool, a number, a text, a Json or nullptr. Names have nothing
// to escape but for that of the configuration's instance_var. `given_version`: of the configuration; null:
// none.
template <class Put>
void visit_state(const Slot& slot, const Json* given_version, Put&& put) {
    using Text = std::string_view;
    static const Told kNothingTold;
    const LifecycleData& life = slot.current.life.data();
    const Told& told = slot.told ? *slot.told : kNothingTold;
    put("status", Text(public_name(life.state)));
    put("pm_id", slot.pm_id);
    put("pm_uptime", slot.current.launched.since_epoch);
    if (slot.created_at)
        put("created_at", slot.created_at->since_epoch);
    else
        put("created_at", nullptr);
    put("restart_time", life.restart_time);
    put("unstable_restarts", static_cast<std::uint64_t>(life.history.early_exits.size()));
    put("unique_id", Text(slot.unique_id));
    put(slot.config->instance_var, slot.instance_index);
    put("axm_actions", told.axm_actions);
    put("axm_monitor", told.axm_monitor);
    put("axm_options", told.axm_options);
    static const Json kNone = Json::object();
    put("axm_dynamic", kNone);
    put("vizion_running", false);
    put("km_link", false);  // to PM2's vendor service, of which there is none here
    if (!told.node_version.empty()) put("node_version", Text(told.node_version));
    const auto& variables = slot.config->env;
    if (!slot.version.empty())
        put("version", Text(slot.version));
    else if (const auto own = std::ranges::find(variables, "version", &ecosystem::EnvVar::name);
             own != variables.end())
        put("version", Text(own->value));
    else if (given_version)
        put("version", *given_version);
    else
        put("version", Text("N/A"));
    if (life.exit_code || life.exit_signal != 0) {
        // PM2 says 0 for a death by signal; the signal itself is kpm's addition.
        put("exit_code", life.exit_code.value_or(0));
        if (life.exit_signal != 0) put("exit_signal", life.exit_signal);
    }
    if (life.history.backoff > Duration{0})
        put("prev_restart_delay", static_cast<std::int64_t>(life.history.backoff.count()));
    if (!life.failure.empty()) put("failure", Text(life.failure));
    if (!told.status_text.empty()) put("status_text", Text(told.status_text));
    if (slot.current.health) put("health_state", health_state(slot));
    if (!slot.watch_trouble.empty()) put("watch_trouble", Text(slot.watch_trouble));
    if (slot.gpu) put("gpu_state", gpu_state(*slot.gpu, life.pid));
    if (slot.log_losses) put("log_state", slot.log_losses->facts());
}

}  // namespace kpm::core

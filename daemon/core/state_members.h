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

constexpr std::size_t kStateMembers = 28;  // at most
// Those that are not always there. A variable of such a name is shown in its place until it is.
constexpr std::array<std::string_view, 10> kOccasionalMembers{
    "node_version", "exit_code",    "exit_signal", "prev_restart_delay", "failure",
    "status_text",  "health_state", "gpu_state",   "log_state",          "watch_trouble"};

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

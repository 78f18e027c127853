#pragma once
// PM2's view of a slot: the `pm2_env` object and the rows of getMonitorData, as its clients and dump.pm2 have
// them (key names and units are PM2's). Pure.

#include "daemon/core/host.h"
#include "daemon/core/slot.h"
#include "ipc/base/json.h"

namespace kpm::core {

// The app's environment is most of a row; a list does not need it.
enum class Environment { Shown, LeftOut };

Json pm2_env(const Slot& slot, Environment environment = Environment::Shown);
// The members of it that are no configuration: status, counters, what the process has told.
void add_state(Json& env, const Slot& slot);
// PM2's own entries of `env`, over the app's: `unique_id`, and an empty object under the app's name unless it
// has such a variable.
Json own_variables(const Slot& slot);
// Such entries in what a client or a dump has sent are no variables of the app: out of its `config` with
// them.
void drop_own_variables(ecosystem::AppConfig& config, const Json& wire);
// The process to be measured in place of the slot's own, when the app has named one (axm_options.pid).
std::optional<int> measured_instead(const Slot& slot);

// {percent, memory}, null where the driver does not tell.
Json gpu_usage_json(const GpuUsage& usage);
// {handed, accepted, active, rescued, refused}
Json connections_json(const Connections& connections);

Json row(const Slot& slot, Environment environment = Environment::Shown);  // {pid, name, pm2_env, pm_id}
Json row_with_usage(const Slot& slot, const Usage& usage, Environment environment = Environment::Shown);
// {process: {pid}, pm2_env}
Json process_object(const Slot& slot);
// The same with no more than what tells how its start has gone (docs/protocol.md).
Json outcome(const Slot& slot);
Json dump_entry(const Slot& slot);  // an element of dump.pm2

}  // namespace kpm::core

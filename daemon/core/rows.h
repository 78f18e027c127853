#pragma once
// PM2's view of a slot: the `pm2_env` object and the rows of getMonitorData, as its clients and dump.pm2 have
// them (key names and units are PM2's). Pure.

#include "daemon/core/host.h"
#include "daemon/core/slot.h"
#include "ipc/base/json.h"

namespace kpm::core {

Json pm2_env(const Slot& slot);
Json row(const Slot& slot);  // {pid, name, pm2_env, pm_id}
Json row_with_usage(const Slot& slot, const Usage& usage);
Json process_object(const Slot& slot);  // {process: {pid}, pm2_env}
Json dump_entry(const Slot& slot);      // an element of dump.pm2

}  // namespace kpm::core

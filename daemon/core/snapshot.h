#pragma once
// A slot as the JSON that survives the daemon (Host::persist), and back: configuration under "app/<pm_id>",
// the life of its processes under "run/<pm_id>", so that the frequent small change does not rewrite the rare
// big one. Times are CLOCK_MONOTONIC: valid for another daemon on the same boot, which is all that this state
// is for. Unknown keys are ignored, missing ones keep their defaults.

#include <string>

#include "daemon/core/settings.h"
#include "daemon/core/slot.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::core {

std::string app_state_key(int pm_id);
std::string run_state_key(int pm_id);
std::string told_state_key(int pm_id);

Json app_state(const Slot& slot);
Json run_state(const Slot& slot);
// What its process has told, without what it repeats by itself.
Json told_state(const Told& told);
Told restore_told(const Json& state);

// Error: damaged state; the caller reports it and goes on without this slot.
Result<Slot> restore_slot(int pm_id, const Json& app, const Json& run, const Settings& settings,
                          const SlotConfig* like = nullptr);

}  // namespace kpm::core

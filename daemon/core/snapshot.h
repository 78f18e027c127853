#pragma once
// A slot as the texts that survive the daemon (Host::persist), and back: configuration as JSON under
// "app/<pm_id>", the life of its processes as a record (record.h) under "run/<pm_id>", so that the frequent
// small change neither rewrites the rare big one nor builds a tree; likewise what its process has told under
// "told/<pm_id>" (a reload's new process under "told/<pm_id>/incoming"), and how its processes ended
// (EndHistory's record) under "ends/<pm_id>". Times are CLOCK_MONOTONIC: valid for another daemon on the same
// boot, which is all that this state is for. Unknown keys are ignored, missing ones keep their defaults.

#include <optional>
#include <string>

#include "daemon/core/settings.h"
#include "daemon/core/slot.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::core {

// There while the daemon ends.
constexpr const char* kEndingKey = "ending";

std::string app_state_key(int pm_id);
std::string run_state_key(int pm_id);
std::string told_state_key(int pm_id);
std::string incoming_told_state_key(int pm_id);
std::string ends_state_key(int pm_id);

std::string app_state(const Slot& slot);
std::string run_state(const Slot& slot);
// What its process has told, without what it repeats by itself.
std::string told_state(const Told& told);
// One action that its process tells of. False: it is known, or beyond what is kept of one process.
bool add_action(Told& told, const Json& action);
// The version of the interpreter that runs it. False: it is known, or too long to be one.
bool set_node_version(Told& told, const Json& version);
Told restore_told(const std::string& text);

// When cron_restart was to come next; nullopt: not at all.
std::optional<EpochTime> restore_cron(const std::string& run);

// Error: damaged state; the caller reports it and goes on without this slot.
Result<Slot> restore_slot(int pm_id, const std::string& app, const std::string& run, const Settings& settings,
                          const SlotConfig* like = nullptr);

}  // namespace kpm::core

// When nothing is left to supervise: what a container's first process waits for.

#include "daemon/core/supervisor.h"

namespace kpm::core {
namespace {

// It runs, or will without being asked.
bool is_busy(const Slot& slot) {
    if (slot.incoming || slot.outgoing || slot.cron) return true;
    const State state = slot.current.life.state();
    return state != State::Stopped && state != State::Errored;
}

}  // namespace

void Supervisor::note_end(const Slot& slot, State before, const Event& event) {
    // Who has been told to stop has not failed, however it does so.
    const bool is_told = before == State::Stopping || before == State::Killing;
    if (const auto* exited = std::get_if<Exited>(&event))
        last_end_ = is_told ? LastEnd{slot.pm_id, slot.config->name, 0, 0, ""}
                            : LastEnd{slot.pm_id, slot.config->name, exited->code, exited->signal, ""};
    if (const auto* failed = std::get_if<SpawnFailed>(&event))
        last_end_ = LastEnd{slot.pm_id, slot.config->name, std::nullopt, 0, failed->reason};
}

void Supervisor::tell_if_all_ended() {
    if (end_waiters_.empty()) return;
    if (const Slot* slot = find(busy_); slot && is_busy(*slot)) return;
    for (const auto& [pm_id, slot] : slots_) {
        if (!is_busy(slot)) continue;
        busy_ = pm_id;
        return;
    }
    for (const AllEnded& told : std::exchange(end_waiters_, {})) told(last_end_);
}

}  // namespace kpm::core

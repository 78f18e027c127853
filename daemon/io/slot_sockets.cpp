#include "daemon/io/slot_sockets.h"

#include <poll.h>

namespace kpm::io {
namespace {

constexpr int kStandingLooks = 2;

}  // namespace

void SlotSockets::add(int slot, UniqueFd listener) {
    slots_.erase(slot);
    Slot& added = slots_[slot];
    added.listener = std::move(listener);
    // Without it the slot's worker accepts all the same.
    if (auto poll = PollFd::open(loop_, added.listener.get(), 0, [this, slot](int) { ready(slot); }))
        added.poll.emplace(std::move(poll).value());
    update();
}

void SlotSockets::watch(const Slots& owned, bool accepts) {
    accepts_ = accepts;
    for (auto& [id, slot] : slots_) {
        slot.is_owned = owned.contains(id);
        if (!slot.is_owned) slot.looks = 0;
    }
    update();
}

void SlotSockets::arm(bool armed) {
    armed_ = armed;
    update();
}

void SlotSockets::update() {
    for (auto& [id, slot] : slots_) {
        const bool wanted = slot.is_owned ? armed_ : accepts_;
        if (slot.is_watched == wanted || !slot.poll) continue;
        slot.is_watched = wanted;
        slot.poll->watch(wanted ? UV_READABLE : 0);
    }
}

void SlotSockets::ready(int id) {
    const Slot& slot = slots_.at(id);
    if (!slot.is_owned) return callbacks_.on_orphan(slot.listener.get());
    arm(false);
    callbacks_.on_traffic();
}

bool SlotSockets::look() {
    std::vector<pollfd> looked;
    std::vector<Slot*> owned;
    for (auto& [id, slot] : slots_) {
        if (!slot.is_owned) continue;
        looked.push_back({slot.listener.get(), POLLIN, 0});
        owned.push_back(&slot);
    }
    if (looked.empty() || ::poll(looked.data(), looked.size(), 0) < 0) return false;
    bool has_traffic = false;
    for (std::size_t i = 0; i < owned.size(); ++i) {
        const bool has_connection = (looked[i].revents & POLLIN) != 0;
        owned[i]->looks = has_connection ? owned[i]->looks + 1 : 0;
        has_traffic = has_traffic || has_connection;
    }
    return has_traffic;
}

bool SlotSockets::is_standing(int id) const {
    const auto it = slots_.find(id);
    return it != slots_.end() && it->second.looks >= kStandingLooks;
}

std::vector<int> SlotSockets::standing() const {
    std::vector<int> listeners;
    for (const auto& [id, slot] : slots_)
        if (slot.looks >= kStandingLooks) listeners.push_back(slot.listener.get());
    return listeners;
}

}  // namespace kpm::io

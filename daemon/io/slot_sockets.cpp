#include "daemon/io/slot_sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace kpm::io {
namespace {

constexpr int kStandingLooks = 2;

// The kernel tells how many connections wait on a listening socket in a field that has another use on others.
int queue_length(int listener) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 1;
    return static_cast<int>(info.tcpi_unacked);
}

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
        if (!slot.is_owned) slot.looks = slot.length = 0;
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
        Slot& slot = *owned[i];
        const int length = (looked[i].revents & POLLIN) != 0 ? queue_length(slot.listener.get()) : 0;
        if (length == 0)
            slot.looks = 0;
        else
            slot.looks = length < slot.length ? 1 : slot.looks + 1;
        slot.length = length;
        has_traffic = has_traffic || length > 0;
    }
    return has_traffic;
}

bool SlotSockets::is_standing(int id) const {
    const auto it = slots_.find(id);
    return it != slots_.end() && it->second.looks >= kStandingLooks;
}

int SlotSockets::length(int id) const {
    const auto it = slots_.find(id);
    return it == slots_.end() ? 0 : it->second.length;
}

int SlotSockets::listener(int id) const {
    const auto it = slots_.find(id);
    return it == slots_.end() ? -1 : it->second.listener.get();
}

void SlotSockets::took_one(int id) {
    Slot& slot = slots_.at(id);
    if (slot.length > 0) --slot.length;
}

void SlotSockets::moved(int id) {
    const auto it = slots_.find(id);
    if (it != slots_.end()) it->second.looks = 0;
}

}  // namespace kpm::io

// Which listening sockets are open for whom. They stay open while any process of the app may come back, so
// that connections wait in the backlog.

#include <algorithm>

#include "daemon/core/launch.h"
#include "daemon/core/supervisor.h"

namespace kpm::core {

// What the slot's next process is started with. An app that has become another one since its last start (a
// new name or interpreter) leaves what it had.
Result<void> Supervisor::use_pool(const Slot& slot) {
    const auto pool = pool_spec(*slot.config);
    const auto had = pool_of_.find(slot.pm_id);
    // The addresses may be the same: what nobody else uses goes first.
    if (had != pool_of_.end() && (!pool || had->second.home() != PoolKey{pool->name, pool->kind}.home()))
        leave_pool(slot.pm_id);
    if (!pool) return {};
    const PoolKey key{pool->name, pool->kind};
    pool_users_[key.home()].insert(slot.pm_id);
    pool_of_[slot.pm_id] = key;
    return host_.open_pool(*pool);
}

void Supervisor::leave_pool(int pm_id) {
    const auto of = pool_of_.find(pm_id);
    if (of == pool_of_.end()) return;
    const PoolKey key = std::move(of->second);
    pool_of_.erase(of);
    const auto users = pool_users_.find(key.home());
    users->second.erase(pm_id);
    if (!users->second.empty()) return;
    pool_users_.erase(users);
    host_.close_pool(key.name, key.kind);
}

void Supervisor::track_pool(const Slot& slot) {
    const State state = slot.current.life.state();
    if (has_process(state) || state == State::Backoff || slot.incoming || slot.outgoing) return;
    leave_pool(slot.pm_id);
}

// When nobody of the pool is to go on, who comes now would only be cut when the last process has ended.
void Supervisor::turn_away(const Slot& slot) {
    const auto of = pool_of_.find(slot.pm_id);
    if (of == pool_of_.end()) return;
    const std::set<int>& users = pool_users_.at(of->second.home());
    const bool goes_on = std::ranges::any_of(users, [&](int id) {
        const Slot* user = find(id);
        return user && user->is_wanted;
    });
    if (!goes_on) host_.turn_away(of->second.name, of->second.kind);
}

bool Supervisor::has_workers() const {
    return std::ranges::any_of(pool_of_,
                               [](const auto& of) { return of.second.kind != PoolSpec::Kind::Activation; });
}

// Whether a new process would work beside the one that is there, on the same sockets.
bool Supervisor::keeps_pool(const Slot& slot) const {
    const auto had = pool_of_.find(slot.pm_id);
    const auto pool = pool_spec(*slot.config);
    if (!pool) return had == pool_of_.end();
    return had != pool_of_.end() && had->second == PoolKey{pool->name, pool->kind};
}

}  // namespace kpm::core

#include "daemon/keeper/store.h"

#include "daemon/keeper/descriptors.h"

namespace kpm::keeper {
namespace {

void destroy_owner(Owner* owner) {
    while (owner->first) destroy(std::exchange(owner->first, owner->first->next));
    destroy(owner);
}

}  // namespace

Store::~Store() {
    for (std::size_t i = 0; i < capacity(); ++i)
        if (at(i)) destroy_owner(at(i));
}

bool Store::put(std::uint64_t owner_id, std::int64_t slot, UniqueFd fd) {
    Owner* owner = owners_.find(owner_id);
    for (StoredFd* entry = owner ? owner->first : nullptr; entry; entry = entry->next) {
        if (entry->slot != slot) continue;
        entry->fd = keep(std::move(fd));
        return true;
    }
    StoredFd* entry = make<StoredFd>();
    if (!entry) return false;
    if (!owner) {
        owner = owners_.reserve() ? make<Owner>() : nullptr;
        if (!owner) {
            destroy(entry);
            return false;
        }
        owner->id = owner_id;
        owners_.insert(owner_id, owner);
    }
    entry->slot = slot;
    entry->fd = keep(std::move(fd));
    entry->next = std::exchange(owner->first, entry);
    return true;
}

void Store::drop(std::uint64_t owner_id) {
    Owner* owner = owners_.find(owner_id);
    if (!owner) return;
    owners_.erase(owner_id);
    destroy_owner(owner);
}

}  // namespace kpm::keeper

#pragma once
// Descriptors that kpmd wants to find again after its death, by owner and slot. The keeper never reads from
// them.

#include "daemon/keeper/table.h"
#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

struct StoredFd {
    StoredFd* next = nullptr;
    std::int64_t slot = 0;
    UniqueFd fd;
};

struct Owner {
    std::uint64_t id = 0;
    StoredFd* first = nullptr;  // never empty
};

class Store {
public:
    Store() = default;
    ~Store();

    // Closes what was in that place. false = no memory, `fd` is closed.
    bool put(std::uint64_t owner, std::int64_t slot, UniqueFd fd);
    void drop(std::uint64_t owner);

    // For walks, see Table.
    std::size_t capacity() const { return owners_.capacity(); }
    Owner* at(std::size_t index) const { return owners_.at(index); }

private:
    Table<Owner> owners_;
};

}  // namespace kpm::keeper

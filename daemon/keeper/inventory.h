#pragma once
// Tells a new kpmd all that the keeper holds, in the order that keeper_protocol.h fixes. A cursor over the
// tables, not a copy of them: nothing is inserted or erased while it is under way, because the keeper reads
// nothing from kpmd until it is done.

#include "daemon/keeper/children.h"
#include "daemon/keeper/link.h"
#include "daemon/keeper/store.h"

namespace kpm::keeper {

class Inventory {
public:
    void begin(std::uint64_t start_count);
    bool is_done() const { return step_ == Step::Done; }
    // Sends as much as the socket takes. `state` may be -1.
    Link::Sent advance(Link& link, const Store& store, Children& children, int state);

private:
    enum class Step { Hello, State, Stored, Living, Exited, End, Done };

    Link::Sent send_stored(Link& link, const Store& store);
    Link::Sent send_children(Link& link, Children& children);

    Step step_ = Step::Done;
    std::uint64_t start_count_ = 0;
    std::size_t index_ = 0;
    const StoredFd* stored_ = nullptr;  // next to send of the owner at index_; nullptr = its first
};

// Of an ended child.
Message exited_message(const Child& child);

}  // namespace kpm::keeper

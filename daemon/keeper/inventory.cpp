#include "daemon/keeper/inventory.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace kpm::keeper {
namespace {

Link::Sent send_living(Link& link, const Child& child) {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
    return link.send({Kind::Child, child.pid, child.token}, pidfd.get());
}

}  // namespace

Message exited_message(const Child& child) {
    return {Kind::Exited, child.pid, child.token, child.exit_code, child.signal};
}

void Inventory::begin(std::uint64_t start_count) {
    step_ = Step::Hello;
    start_count_ = start_count;
    index_ = 0;
    stored_ = nullptr;
}

Link::Sent Inventory::advance(Link& link, const Store& store, Children& children, int state) {
    while (step_ != Step::Done) {
        Link::Sent sent = Link::Sent::Yes;
        switch (step_) {
            case Step::Hello:
                sent = link.send({Kind::Hello, 0, start_count_, kVersion, ::getpid()});
                break;
            case Step::State:
                if (state >= 0) sent = link.send({Kind::State}, state);
                break;
            case Step::Stored:
                sent = send_stored(link, store);
                break;
            case Step::Living:
            case Step::Exited:
                sent = send_children(link, children);
                break;
            case Step::End:
                sent = link.send({Kind::InventoryEnd});
                break;
            case Step::Done:
                break;
        }
        if (sent != Link::Sent::Yes) return sent;
        step_ = static_cast<Step>(static_cast<int>(step_) + 1);
        index_ = 0;
    }
    return Link::Sent::Yes;
}

Link::Sent Inventory::send_stored(Link& link, const Store& store) {
    for (; index_ < store.capacity(); ++index_) {
        const Owner* owner = store.at(index_);
        if (!owner) continue;
        if (!stored_) stored_ = owner->first;
        for (; stored_; stored_ = stored_->next) {
            const auto sent = link.send({Kind::Stored, 0, owner->id, stored_->slot}, stored_->fd.get());
            if (sent != Link::Sent::Yes) return sent;
        }
    }
    return Link::Sent::Yes;
}

Link::Sent Inventory::send_children(Link& link, Children& children) {
    for (; index_ < children.capacity(); ++index_) {
        Child* child = children.at(index_);
        if (!child || child->alive != (step_ == Step::Living)) continue;
        const auto sent = child->alive ? send_living(link, *child) : link.send(exited_message(*child));
        if (sent != Link::Sent::Yes) return sent;
        if (!child->alive) children.dequeue(*child);  // told: not once more after the inventory
    }
    return Link::Sent::Yes;
}

}  // namespace kpm::keeper

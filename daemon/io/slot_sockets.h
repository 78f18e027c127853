#pragma once
// The listening sockets of one address of a Node app, one for each slot (pm_id), all bound with SO_REUSEPORT:
// the kernel spreads connections over them, and each worker accepts on its slot's by itself. Watches them for
// the pool (io/node_pool.h), which takes connections off a socket whose worker is not there (an orphan) or
// does not come to accept. On the data plane's loop.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class SlotSockets {
public:
    using Slots = std::set<int>;

    struct Callbacks {
        std::function<void(int listener)> on_orphan;  // there is a connection for nobody
        std::function<void()> on_traffic;  // there is one for a worker; said once, until armed again
    };

    SlotSockets(Loop& loop, Callbacks callbacks) : loop_(loop), callbacks_(std::move(callbacks)) {}

    void add(int slot, UniqueFd listener);
    // `owned`: slots whose worker accepts. Orphans are watched while `accepts`, the others while armed.
    void watch(const Slots& owned, bool accepts);
    void arm(bool armed);
    // One look at the owned slots, without waiting. True: one of them has a connection.
    bool look();
    // It had some at this look and at the one before, and not fewer: its worker may be busy. Under load that
    // happens to one that is not, too.
    bool is_standing(int slot) const;
    // How many there were at the last look, less those that have been taken off since.
    int length(int slot) const;
    // -1: there is no such slot.
    int listener(int slot) const;
    void took_one(int slot);
    // Its worker has come to accept: what stands there has come since.
    void moved(int slot);

private:
    struct Slot {
        UniqueFd listener;
        int looks = 0;   // in a row that found no fewer connections than the one before
        int length = 0;  // at the last one
        bool is_owned = false;
        bool is_watched = false;
        std::optional<PollFd> poll;  // after listener: it must go first
    };
    void ready(int slot);
    void update();

    Loop& loop_;
    Callbacks callbacks_;
    std::map<int, Slot> slots_;
    bool accepts_ = false;
    bool armed_ = false;
};

}  // namespace kpm::io

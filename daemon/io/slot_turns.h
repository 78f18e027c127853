#pragma once
// Has the kernel give the connections of an address to its SO_REUSEPORT sockets in turn, and to none whose
// worker is not there. By itself it goes by a hash of both addresses over all of them, which leaves the
// shares to chance: of 400 connections to four sockets the largest one is 27.6 % on average, and three times
// of ten over 28 %. On the control thread.

#include <set>
#include <span>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::io {

// `listener`: any of the sockets; `indices`: which ones take turns, at least one, ascending, by the order in
// which they came to listen. Done by an eBPF program (SO_ATTACH_REUSEPORT_EBPF) in place of the one before,
// which stays with the sockets as long as one of them is open, whoever has made it. Error: the kernel is
// older than 5.12 or does not permit it (root and CAP_BPF may); then it goes on as before.
Result<void> take_turns(int listener, std::span<const int> indices);

// The sockets of one address, by the slots that they belong to.
class SlotTurns {
public:
    using Slots = std::set<int>;

    SlotTurns() = default;
    // As an earlier daemon has recorded it.
    explicit SlotTurns(std::vector<int> order) : order_(std::move(order)) {}

    // Its socket has come to listen, after all others; nothing if it is known.
    void add(int slot);
    // `open`: those that are still there.
    void keep_only(const Slots& open);
    // From now on the slots in `serving` take turns; if it is empty, those before go on to. `listener`: the
    // socket of any slot. Where it is not permitted the kernel goes by its hash.
    void give(int listener, const Slots& serving);
    // As they came to listen. Persistent.
    const std::vector<int>& order() const { return order_; }

private:
    std::vector<int> order_;
    std::vector<int> given_;  // indices; empty: not known
};

}  // namespace kpm::io

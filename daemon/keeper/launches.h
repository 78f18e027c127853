#pragma once
// The launches under way: a few of what kpmd asked for, each with all that its child reads until it runs its
// program. The keeper's loop drives it, in the order of the requests. While one child becomes its program the
// next is made: who waits for each in turn leaves processors idle.

#include <cstddef>
#include <optional>

#include "daemon/keeper/launch.h"
#include "daemon/keeper/link.h"
#include "daemon/keeper/spawn_spec.h"

namespace kpm::keeper {

class Launches {
public:
    static constexpr std::size_t kMost = 8;

    std::size_t count() const { return count_; }
    bool is_empty() const { return count_ == 0; }
    bool is_full() const { return count_ == kMost; }

    bool has(std::uint64_t token) const;

    // Where to receive the next packet: begin() takes what is in it. Not while it is full.
    Packet& next() { return at(count_).packet; }
    // Of the packet in next(), which is a Spawn; `before` of its descriptors come before those that the child
    // inherits, which are `inherited`. `error`: why there is nothing to launch, or 0.
    void begin(int error, std::size_t before, std::uint32_t inherited, const rlimit& file_limit);

    struct Outcome {
        std::uint64_t token = 0;
        Launched launched;
    };
    // Waits for the oldest. Its descriptors are closed.
    Outcome finish();

private:
    struct Entry {
        Packet packet;
        std::optional<SpecReader> reader;
        LaunchPlan plan;
        Launch launch;
        int error = 0;  // there was nothing to launch
    };
    Entry& at(std::size_t index) { return entries_[(first_ + index) % kMost]; }

    Entry entries_[kMost];
    std::size_t first_ = 0, count_ = 0;
};

}  // namespace kpm::keeper

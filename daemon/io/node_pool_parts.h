#pragma once
// What a NodePool is made of. For the files of node_pool alone.

#include "daemon/io/node_pool.h"
#include "daemon/io/slot_sockets.h"

namespace kpm::io {

struct NodePool::Socket {
    Socket(core::BalancePolicy policy, const core::BalanceLimits& limits)
        : balancer(policy, limits), relief(core::BalancePolicy::FewestUnanswered, limits) {}

    std::string key;
    UniqueFd listener;  // empty: the workers accept by themselves
    core::Balancer balancer;
    core::Balancer relief;  // who is asked whether it takes what another one leaves standing
    std::deque<Connection> pending;
    bool watched = false;
    std::optional<PollFd> poll;          // after listener: it must go first
    std::unique_ptr<SlotSockets> slots;  // null: there are none
};

struct NodePool::Worker {
    WorkerId id;
    int slot = 0;
    std::uint64_t order = 0;
    bool allowed = true;
    bool draining = false;
    bool resting = false;                // until the timer
    bool counts = false;                 // it has told how many connections it has, and answers ask()
    std::uint64_t asked_at = 0;          // the look at which it was asked; 0: it has answered
    std::map<std::string, bool> joined;  // keys of the sockets that it listens on; false: about to
    std::deque<Connection> unacked;
    std::optional<PlaneProbe> probe;  // waits for room in the channel
    WorkerStats stats;
    std::unique_ptr<NodeChannel> channel;

    bool serves(const std::string& key) const {
        const auto it = joined.find(key);
        return allowed && !draining && it != joined.end() && it->second;
    }
    bool is_ready() const {
        return std::any_of(joined.begin(), joined.end(), [](const auto& one) { return one.second; });
    }
};

}  // namespace kpm::io

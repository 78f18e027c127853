#pragma once
// Which worker gets the next connection. Pure: the connection pool keeps the figures, this only chooses.
//
// round_robin: the next eligible worker after the one chosen last, in the order in which they joined; a
// worker that cannot take one now is skipped and waits for its next turn. least_connections: the smallest
// reported load (jobs queued and running) plus the connections that the worker has not answered for yet,
// because their jobs are not in its report; then the fewest open connections; then round robin.
// fewest_unanswered: round robin, too, but a worker that is slow to answer comes after all others. sticky:
// always the same worker for the same client, as long as that worker can take one; the others keep their
// clients when a worker comes or goes (rendezvous hashing over the slots). While a slot has two, at a reload,
// the older keeps them until it drains.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace kpm::core {

enum class BalancePolicy { RoundRobin, LeastConnections, Sticky, FewestUnanswered };

// One worker as the balancer sees it.
struct Candidate {
    std::uint64_t order = 0;  // rises with each worker that joins the pool, never used twice
    int slot = 0;             // the same for the process that comes after it
    bool serving = false;     // ready, allowed to serve, not draining
    bool blocked = false;     // its channel is full, or it has just refused
    std::size_t unacked = 0;  // handed over, not yet answered
    bool slow = false;        // has left one unanswered for long
    std::uint64_t open = 0;   // accepted and not done
    std::uint64_t load = 0;   // as it reported
};

struct BalanceLimits {
    std::size_t window = 8;                        // unacked per worker
    std::optional<std::uint64_t> max_connections;  // open and unacked per worker
};

bool is_eligible(const Candidate& worker, const BalanceLimits& limits);

class Balancer {
public:
    Balancer(BalancePolicy policy, BalanceLimits limits) : policy_(policy), limits_(limits) {}
    void change(BalancePolicy policy, BalanceLimits limits) {
        policy_ = policy;
        limits_ = limits;
    }

    // False: whose connection it is makes no difference.
    bool asks_for_client() const { return policy_ == BalancePolicy::Sticky; }
    // The index in `workers` (sorted by `order`) of the one that takes the next connection; nullopt: none
    // can now. `client`: a hash of the client's address, for sticky; 0 = it has none, and takes turns.
    std::optional<std::size_t> choose(std::span<const Candidate> workers, std::uint64_t client = 0);

private:
    BalancePolicy policy_;
    BalanceLimits limits_;
    std::uint64_t last_order_ = 0;
};

}  // namespace kpm::core

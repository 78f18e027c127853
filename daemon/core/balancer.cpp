#include "daemon/core/balancer.h"

#include <tuple>

namespace kpm::core {

namespace {

// splitmix64's last step: neighbouring addresses and slots must not lie beside each other.
std::uint64_t mix(std::uint64_t client, int slot) {
    std::uint64_t x = client + 0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(slot) + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

}  // namespace

bool is_eligible(const Candidate& worker, const BalanceLimits& limits) {
    if (!worker.serving || worker.blocked || worker.unacked >= limits.window) return false;
    return !limits.max_connections || worker.open + worker.unacked < *limits.max_connections;
}

std::optional<std::size_t> Balancer::choose(std::span<const Candidate> workers, std::uint64_t client) {
    // Smaller is better; the last element is the turn: those after the last chosen come first.
    using Rank = std::tuple<std::uint64_t, std::uint64_t, bool, std::uint64_t>;
    std::optional<std::size_t> best;
    Rank best_rank;
    for (std::size_t i = 0; i < workers.size(); ++i) {
        const Candidate& worker = workers[i];
        if (!is_eligible(worker, limits_)) continue;
        Rank rank{0, 0, worker.order <= last_order_, worker.order};
        if (policy_ == BalancePolicy::LeastConnections) {
            std::get<0>(rank) = worker.load + worker.unacked;
            std::get<1>(rank) = worker.open + worker.unacked;
        }
        if (policy_ == BalancePolicy::FewestUnanswered) {
            std::get<0>(rank) = worker.slow ? 1 : 0;
            std::get<1>(rank) = worker.unacked;
        }
        // The old and the new worker of a slot are equals while both serve: the client stays with the old
        // one.
        if (policy_ == BalancePolicy::Sticky && client != 0)
            rank = {mix(client, worker.slot), 0, false, worker.order};
        if (best && rank >= best_rank) continue;
        best = i;
        best_rank = rank;
    }
    if (best) last_order_ = workers[*best].order;
    return best;
}

}  // namespace kpm::core

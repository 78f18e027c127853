#include "daemon/core/balancer.h"

#include <tuple>

namespace kpm::core {

bool is_eligible(const Candidate& worker, const BalanceLimits& limits) {
    if (!worker.serving || worker.blocked || worker.unacked >= limits.window) return false;
    return !limits.max_connections || worker.open + worker.unacked < *limits.max_connections;
}

std::optional<std::size_t> Balancer::choose(std::span<const Candidate> workers) {
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
        if (best && rank >= best_rank) continue;
        best = i;
        best_rank = rank;
    }
    if (best) last_order_ = workers[*best].order;
    return best;
}

}  // namespace kpm::core

#include "ecosystem/not_effective.h"

namespace kpm::ecosystem {

std::vector<std::string> not_effective(const AppConfig& config) {
    std::vector<std::string> sentences;
    const auto say = [&](bool is_set, std::string_view what) {
        if (is_set) sentences.push_back(config.name + ": " + std::string(what));
    };
    const bool is_other_balance = config.balance && *config.balance != Balance::RoundRobin &&
                                  *config.balance != Balance::LeastConnections;
    say(is_other_balance, "this balance policy has no effect yet, least_connections is used");
    return sentences;
}

}  // namespace kpm::ecosystem

#include "ecosystem/not_effective.h"

#include "ecosystem/command_line.h"
#include "ecosystem/schema.h"

namespace kpm::ecosystem {

std::vector<std::string> not_effective(const AppConfig& config) {
    std::vector<std::string> sentences;
    const auto say = [&](bool is_set, const std::string& what) {
        if (is_set) sentences.push_back(config.name + ": " + what);
    };
    const bool is_node = config.exec_mode == ExecMode::Cluster && !config.kpm_channel &&
                         runtime_of(config.interpreter) != Runtime::Other;
    say(config.max_connections > 0 && !config.kpm_channel,
        "max_connections has no effect without kpm_channel");
    say(is_node && !config.listen.empty(), "listen has no effect, a Node cluster app listens by itself");
    const bool is_gated = config.health.gates();
    say(is_node && is_gated && config.balance == Balance::Hybrid,
        "balance hybrid has no effect with a startup or readiness probe, round_robin is used");
    say(is_node && is_gated && config.balance == Balance::Shared,
        "its probes keep no connections from a worker with balance shared");
    if (!config.balance) return sentences;
    const bool needs_node = *config.balance == Balance::Hybrid || *config.balance == Balance::Shared;
    const std::string policy(to_text(*config.balance));
    if (is_node) {
        const Runtime runtime = runtime_of(config.interpreter);
        say(runtime == Runtime::Deno && needs_node,
            "balance " + policy + " has no effect with Deno, round_robin is used");
        say(runtime == Runtime::Bun, "balance " + policy + " has no effect, Bun binds its ports by itself");
        return sentences;
    }
    say(config.kpm_channel && needs_node,
        "balance " + policy + " has no effect with kpm_channel, least_connections is used");
    say(!config.kpm_channel && *config.balance != Balance::Shared,
        "balance " + policy + " has no effect, the app accepts by itself");
    return sentences;
}

}  // namespace kpm::ecosystem

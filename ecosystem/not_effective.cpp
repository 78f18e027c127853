#include "ecosystem/not_effective.h"

#include "ecosystem/command_line.h"
#include "ecosystem/schema.h"
#include "ecosystem/watch_options.h"

namespace kpm::ecosystem {
namespace {

// The attributes of PM2's vendor service and the like, which the table has for PM2's files.
std::string stored_only(const AppConfig& config) {
    std::string names;
    for (const Field& field : fields()) {
        if (field.doc != "stored only") continue;
        const auto value = config.extra.find(field.wire_key);
        if (value == config.extra.end() || value->is_null() || *value == false) continue;
        names.append(names.empty() ? "" : ", ").append(field.key);
    }
    return names;
}

}  // namespace

std::vector<std::string> not_effective(const AppConfig& config) {
    std::vector<std::string> sentences;
    const auto say = [&](bool is_set, const std::string& what) {
        if (is_set) sentences.push_back(config.name + ": " + what);
    };
    const bool is_node = config.exec_mode == ExecMode::Cluster && !config.kpm_channel &&
                         runtime_of(config.interpreter) != Runtime::Other;
    const Runtime runtime = runtime_of(config.interpreter);
    const bool has_limit = config.max_connections > 0;
    say(has_limit && !config.kpm_channel && !(is_node && runtime == Runtime::Node),
        "max_connections has no effect without kpm_channel or Node's cluster mode");
    // The script that counts lies where other users cannot read it.
    say(has_limit && is_node && runtime == Runtime::Node && !(config.uid.empty() && config.gid.empty()),
        "max_connections has no effect with another user");
    say(is_node && !config.listen.empty(), "listen has no effect, a Node cluster app listens by itself");
    for (const std::string& sentence : ineffective_watch_options(config)) say(true, sentence);
    const std::string stored = stored_only(config);
    say(!stored.empty(), "without effect, only stored: " + stored);
    const bool has_gpu_rule = !config.gpu_policy.empty() || config.max_workers_per_gpu > 0;
    say(has_gpu_rule && config.gpu.empty(), "gpu_policy and max_workers_per_gpu have no effect without gpu");
    say(config.max_gpu_memory.count > 0 && config.gpu.empty(), "max_gpu_memory has no effect without gpu");
    const bool is_gated = config.health.gates();
    say(is_node && is_gated && !has_limit && config.balance == Balance::Hybrid,
        "balance hybrid has no effect with a startup or readiness probe, round_robin is used");
    say(is_node && is_gated && !has_limit && config.balance == Balance::Shared,
        "its probes keep no connections from a worker with balance shared");
    if (!config.balance) return sentences;
    const bool needs_node = *config.balance == Balance::Hybrid || *config.balance == Balance::Shared;
    const std::string policy(to_text(*config.balance));
    if (is_node) {
        say(runtime == Runtime::Node && has_limit && needs_node,
            "balance " + policy + " has no effect with max_connections, least_connections is used");
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

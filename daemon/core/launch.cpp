#include "daemon/core/launch.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/launch_environment.h"
#include "ecosystem/command_line.h"
#include "ecosystem/log_paths.h"
#include "ecosystem/schema.h"
#include "ipc/base/signal_name.h"

namespace kpm::core {
namespace {

using ecosystem::AppConfig;
using ecosystem::takes_channel;

bool is_cluster(const AppConfig& config) {
    return config.exec_mode == ecosystem::ExecMode::Cluster;
}

// PM2 waits for Node's own start without end.
constexpr Duration kNodeStart{30'000};

// Deno accepts no listening socket from its primary. A limit can be kept only by who accepts.
std::string node_balance(const AppConfig& config) {
    using ecosystem::Balance;
    const bool is_node = ecosystem::runtime_of(config.interpreter) == ecosystem::Runtime::Node;
    const Balance wanted = config.balance.value_or(Balance::Hybrid);
    const bool workers_accept = wanted == Balance::Hybrid || wanted == Balance::Shared;
    if (workers_accept && !is_node) return std::string(ecosystem::to_text(Balance::RoundRobin));
    if (workers_accept && config.max_connections > 0)
        return std::string(ecosystem::to_text(Balance::LeastConnections));
    // Nor can a worker that accepts by itself be left out while it is not ready.
    if (wanted == Balance::Hybrid && config.health.gates())
        return std::string(ecosystem::to_text(Balance::RoundRobin));
    return std::string(ecosystem::to_text(wanted));
}

NodeReady node_ready(const Slot& slot, const Instance& instance) {
    if (slot.config->wait_ready) return NodeReady::Message;
    return &instance == slot.incoming.get() ? NodeReady::Listening : NodeReady::Online;
}

std::string log_path(const AppConfig& config, const std::string& path) {
    return config.disable_logs || ecosystem::is_no_log(path) ? std::string{} : path;
}

std::vector<std::string> version_words(const AppConfig& config) {
    switch (ecosystem::runtime_of(config.interpreter)) {
        case ecosystem::Runtime::Node:  // what runs on Node (ts-node) and Bun have versions of their own
        case ecosystem::Runtime::Bun:
            return {"-p", "process.version"};
        default:
            return {};
    }
}

// Under these Node reads only the files that it is allowed to, and ends when a preload is none of them.
bool limits_reading(std::string_view option) {
    for (const std::string_view word : {"--permission", "--experimental-permission", "--experimental-policy"})
        if (option.find(word) != std::string_view::npos) return true;
    return false;
}

// Whether kpm may have it load scripts before the app.
bool takes_preload(const AppConfig& config, const Settings& settings) {
    if (ecosystem::runtime_of(config.interpreter) != ecosystem::Runtime::Node) return false;
    const std::string* const options = ecosystem::find_variable(config.env, "NODE_OPTIONS");
    return std::ranges::none_of(config.interpreter_args, limits_reading) &&
           std::ranges::none_of(settings.node_options, limits_reading) &&
           !(options && limits_reading(*options));
}

// A start may take as long as its probes may.
void add_health(LifecyclePolicy& policy, const AppConfig& config) {
    if (!config.health.gates()) return;
    policy.wait_ready = policy.stays_launching = true;
    if (!config.listen_timeout)
        policy.listen_timeout = std::max(policy.listen_timeout, time_to_come_up(config.health));
}

}  // namespace

LifecyclePolicy lifecycle_policy(const AppConfig& config, const Settings& settings) {
    LifecyclePolicy policy;
    policy.restart.autorestart = config.autorestart;
    policy.restart.max_restarts = config.max_restarts;
    policy.restart.min_uptime = config.min_uptime;
    policy.restart.restart_delay = config.restart_delay;
    if (config.exp_backoff_restart_delay > Duration{0})
        policy.restart.backoff_start = config.exp_backoff_restart_delay;
    policy.restart.backoff_reset = settings.backoff_reset;
    policy.restart.stop_exit_codes = config.stop_exit_codes;
    policy.stop_signal = signal_number(config.stop_signal).value_or(settings.stop_signal);
    policy.kill_timeout = config.kill_timeout.value_or(settings.kill_timeout);
    policy.listen_timeout = config.listen_timeout.value_or(settings.listen_timeout);
    policy.drain_timeout = config.drain_timeout;
    policy.wait_ready = ecosystem::tells_ready(config);
    if (is_node_cluster(config) && !config.wait_ready)
        policy.listen_timeout = std::max(policy.listen_timeout, kNodeStart);
    add_health(policy, config);
    // Without the socket it could not say that it is well.
    if (!settings.notify_socket.empty()) policy.watchdog = config.watchdog;
    return policy;
}

LifecyclePolicy incoming_policy(const AppConfig& config, const Settings& settings) {
    LifecyclePolicy policy = lifecycle_policy(config, settings);
    policy.restart.autorestart = false;
    policy.listen_timeout = config.listen_timeout.value_or(settings.listen_timeout);
    add_health(policy, config);
    return policy;
}

bool is_activated(const AppConfig& config) {
    return !config.listen.empty() && !config.kpm_channel && !is_node_cluster(config);
}

LaunchSpec launch_spec(const Slot& slot, const Instance& instance, const Settings& settings) {
    const AppConfig& config = *slot.config;
    const SlotConfig::Paths& paths = slot.config.paths();
    LaunchSpec spec;
    spec.name = config.name;
    spec.name_space = config.name_space;
    spec.argv = ecosystem::command_line(config, settings.node_options);
    spec.env = launch_environment(slot, settings);
    spec.cwd = config.cwd;
    spec.user = config.uid;
    spec.group = config.gid;
    spec.pid_file = paths.pid_file;
    spec.logs.out = log_path(config, paths.out_file);
    spec.logs.err = log_path(config, paths.error_file);
    if (const auto* combined = std::get_if<std::string>(&config.log_file))
        spec.logs.combined = log_path(config, *combined);
    spec.logs.date_format =
        config.log_date_format.empty() && config.time ? "YYYY-MM-DDTHH:mm:ss" : config.log_date_format;
    spec.logs.json = config.log_type == "json";
    spec.logs.disabled = config.disable_logs;
    spec.channel = takes_channel(config)     ? ChildChannel::Kpm
                   : is_node_cluster(config) ? ChildChannel::NodeCluster
                                             : ChildChannel::Messages;
    spec.node_ready = node_ready(slot, instance);
    spec.stops_by_message = config.shutdown_with_message || settings.stops_by_message;
    spec.drains_keep_alive =
        config.drain_keep_alive && is_node_cluster(config) && takes_preload(config, settings);
    // What a policy needs, and otherwise figures as the agent tells them.
    spec.tells_connections =
        is_node_cluster(config) && takes_preload(config, settings) &&
        (config.pmx || config.max_connections > 0 || node_balance(config) == "least_connections");
    spec.runs_agent = config.pmx && spec.channel != ChildChannel::Kpm && takes_preload(config, settings);
    spec.whole_tree = config.treekill;
    spec.version_words = version_words(config);
    spec.instance_index = slot.instance_index;
    if (pool_spec(config)) spec.pool = config.name;
    spec.is_activated = is_activated(config);
    if (spec.is_activated) spec.listen = config.listen;
    return spec;
}

std::optional<PoolSpec> pool_spec(const AppConfig& config) {
    PoolSpec pool;
    pool.name = config.name;
    if (is_node_cluster(config)) {
        pool.kind = PoolSpec::Kind::Node;
        pool.balance = node_balance(config);
        pool.max_connections = static_cast<int>(config.max_connections);
        pool.user = config.uid;
        pool.group = config.gid;
        return pool;
    }
    if (config.listen.empty()) return std::nullopt;
    if (!takes_channel(config)) pool.kind = PoolSpec::Kind::Activation;
    pool.listen = config.listen;
    pool.balance = ecosystem::to_text(config.balance.value_or(ecosystem::Balance::LeastConnections));
    pool.max_connections = static_cast<int>(config.max_connections);
    return pool;
}

bool can_hand_over(const AppConfig& config) {
    return (takes_channel(config) && is_cluster(config)) || is_node_cluster(config) || is_activated(config);
}

}  // namespace kpm::core

#pragma once
// What is known of one app before it runs. One struct in two forms:
// - declared: as the user wrote it (ecosystem file, command line); paths may be relative, much is not given;
// - resolved: after resolve(), as PM2's CLI sends it in `prepare` and as jlist and dump.pm2 show it. `script`
// is
//   then pm_exec_path, `cwd` pm_cwd, `out_file` pm_out_log_path and so on: absolute paths.
// Every member is one row of the table in schema.h, which knows its names, flag, checks and documentation.
// Runtime state (pid, status, counters) is not in here. An optional without value means "not given": the
// meaning then depends on other attributes or on the daemon's environment, as the row's doc says.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ecosystem/byte_size.h"
#include "ecosystem/duration.h"
#include "ecosystem/environment.h"
#include "ecosystem/health.h"
#include "ipc/base/json.h"

namespace kpm::ecosystem {

enum class ExecMode { Fork, Cluster };
enum class Balance { RoundRobin, LeastConnections, Hybrid, Sticky, Shared };

// What an app waits for in one that it depends on; dependency_order.h and docs/dependencies.md tell what each
// means.
enum class Condition { Started, Ready, Completed };
using Dependencies = std::map<std::string, Condition, std::less<>>;  // by the name of the app

// What PM2 allows for watch, log_file and filter_env: a flag, one text or several.
using Selection = std::variant<bool, std::string, std::vector<std::string>>;

// False only for `false`: an empty list still means "on, with the defaults".
bool is_on(const Selection& selection);
// Empty for a flag.
std::vector<std::string> texts(const Selection& selection);

// An `env_production: {…}` block; `name` is "production".
struct EnvBlock {
    std::string name;
    Environment variables;

    bool operator==(const EnvBlock&) const = default;
};

struct AppConfig {
    std::string name;
    std::string name_space = "default";
    std::string script;
    std::vector<std::string> args;
    std::string cwd;
    std::string interpreter;
    std::vector<std::string> interpreter_args;
    std::optional<ExecMode> exec_mode;
    std::optional<int> instances;  // 0 = one per CPU, negative = CPUs less that many; see instance_count()
    bool execute_command = false;
    std::string uid;  // name or number as written
    std::string gid;
    std::string username;  // who started the app, for display only
    bool force = false;

    Environment env;
    std::vector<EnvBlock> env_blocks;
    std::vector<std::string> env_file;  // see env_file.h; resolve() reads them
    Selection filter_env = std::vector<std::string>{};
    bool append_env_to_name = false;
    std::optional<int> port;
    std::string instance_var = "NODE_APP_INSTANCE";
    std::string increment_var;

    std::string out_file;
    std::string error_file;
    Selection log_file = false;
    std::string pid_file;
    std::optional<bool> merge_logs;  // not given: resolve() decides
    bool disable_logs = false;
    std::string log_type;  // "" or "raw": bytes as they come; "json": one object a line
    std::string log_date_format;
    bool time = false;

    Dependencies depends_on;

    bool autostart = true;
    bool autorestart = true;
    int max_restarts = 16;
    Duration min_uptime{1000};
    Duration restart_delay{0};
    Duration exp_backoff_restart_delay{0};  // 0 = no backoff
    std::vector<int> stop_exit_codes;
    Bytes max_memory_restart;  // 0 = no limit
    std::string cron_restart;  // "" or "0": none
    std::string timezone;      // of cron_restart; "": the machine's

    std::optional<Duration> kill_timeout;  // not given: the daemon's PM2_KILL_TIMEOUT, else 1600 ms
    Duration kill_retry_time{100};
    bool treekill = true;
    bool shutdown_with_message = false;
    bool wait_ready = false;
    std::optional<Duration> listen_timeout;  // not given: PM2_GRACEFUL_LISTEN_TIMEOUT, else 3000 ms
    HealthChecks health;                     // empty: none

    Selection watch = false;
    std::optional<std::vector<std::string>> ignore_watch;  // not given: PM2's default; empty: nothing
    Duration watch_delay{0};

    std::vector<std::string> listen;  // "host:port", "port", "unix:/path"
    bool kpm_channel = false;
    std::optional<Balance> balance;     // not given: the way of taking connections decides
    std::uint32_t max_connections = 0;  // per worker; 0 = no limit
    std::string stop_signal;            // a name; "": the daemon's
    Duration drain_timeout{30000};
    Duration min_ready_time{250};  // of a reload's new process, beside the old one
    bool drain_keep_alive = true;  // Node cluster: see io/node_preload.h
    Duration watchdog{0};          // 0 = none

    std::string gpu;                        // see gpu_selection.h; "": the app gets nothing of GPUs
    std::string gpu_policy;                 // "spread" or "pack"; "": spread
    std::uint32_t max_workers_per_gpu = 0;  // 0 = no limit
    Bytes max_gpu_memory;                   // of one worker; 0 = no limit

    bool vizion = true;
    bool pmx = true;
    bool automation = true;
    bool windows_hide = true;
    std::optional<bool> source_map_support;
    bool disable_source_map_support = false;

    Json extra = Json::object();  // wire keys that kpm does not interpret, passed through untouched

    bool operator==(const AppConfig&) const = default;
};

// Of one app. Each takes memory of the daemon and of the keeper, before there is a process that could fail.
constexpr unsigned kMostInstances = 10'000;

// How many instances `config.instances` asks for on a machine with `cpus` CPUs; at least 1. May be more
// than kMostInstances.
unsigned instance_count(const AppConfig& config, unsigned cpus);

}  // namespace kpm::ecosystem

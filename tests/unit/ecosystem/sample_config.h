#pragma once
// An AppConfig no member of which has its default value, declared form.

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

inline AppConfig sample_config() {
    using namespace std::chrono_literals;
    AppConfig config;
    config.name = "web";
    config.name_space = "shop";
    config.script = "app.js";
    config.args = {"--port", "80 81", "k=\"v w\""};
    config.cwd = "/srv/shop";
    config.interpreter = "node";
    config.interpreter_args = {"--max-old-space-size=200"};
    config.exec_mode = ExecMode::Cluster;
    config.instances = -1;
    config.execute_command = true;
    config.uid = "www";
    config.gid = "33";
    config.username = "ann";
    config.force = true;
    config.env = {{"A", "1"}, {"B", "two words"}};
    config.env_blocks = {{"production", {{"A", "2"}}}, {"staging", {}}};
    config.env_file = {".env", "local.env"};
    config.filter_env = std::vector<std::string>{"SECRET", "TOKEN"};
    config.append_env_to_name = true;
    config.port = 8080;
    config.instance_var = "INSTANCE";
    config.increment_var = "PORT";
    config.out_file = "out.log";
    config.error_file = "error.log";
    config.log_file = "all.log";
    config.pid_file = "web.pid";
    config.merge_logs = false;
    config.disable_logs = true;
    config.log_type = "json";
    config.log_date_format = "HH:mm";
    config.time = true;
    config.depends_on = {{"cache", Condition::Started}, {"db", Condition::Ready}};
    config.autostart = false;
    config.autorestart = false;
    config.max_restarts = 0;
    config.min_uptime = 10s;
    config.restart_delay = 5ms;
    config.exp_backoff_restart_delay = 100ms;
    config.stop_exit_codes = {0, 3};
    config.max_memory_restart = Bytes{150 << 20};
    config.cron_restart = "0 0 * * *";
    config.timezone = "Europe/Berlin";
    config.kill_timeout = 0ms;
    config.kill_retry_time = 50ms;
    config.treekill = false;
    config.shutdown_with_message = true;
    config.wait_ready = true;
    config.listen_timeout = 8s;
    config.health.startup = Probe{.kind = Probe::Kind::Exec, .argv = {"test", "-e", "up"}, .interval = 2s};
    config.health.readiness =
        Probe{.text = "http://127.0.0.1:$PORT/ready", .timeout = 3s, .success_threshold = 2};
    config.health.liveness = Probe{
        .kind = Probe::Kind::Tcp, .text = "127.0.0.1:8080", .initial_delay = 1min, .failure_threshold = 5};
    config.watch = true;
    config.ignore_watch = std::vector<std::string>{"logs", "*.tmp"};
    config.watch_delay = 1s;
    config.listen = {"127.0.0.1:8080", "unix:/run/web.sock"};
    config.kpm_channel = true;
    config.balance = Balance::Sticky;
    config.max_connections = 100;
    config.stop_signal = "SIGTERM";
    config.drain_timeout = 1min;
    config.min_ready_time = 2s;
    config.drain_keep_alive = false;
    config.watchdog = 30s;
    config.gpu = "auto";
    config.gpu_policy = "pack";
    config.max_workers_per_gpu = 4;
    config.max_gpu_memory = Bytes{2 << 20};
    config.vizion = false;
    config.pmx = false;
    config.automation = false;
    config.windows_hide = false;
    config.source_map_support = false;
    config.disable_source_map_support = true;
    // The rows that are only stored.
    for (const char* key :
         {"watch_options", "post_update", "name_prefix", "install_url", "write", "io", "trace",
          "disable_trace", "v8", "event_loop_inspector", "deep_monitoring", "km_link"})
        config.extra[key] = Json::object({{"kept", key}});
    return config;
}

}  // namespace kpm::ecosystem

#pragma once
// One process as getMonitorData tells of it, read once into plain members for the views and for target
// resolution. Tolerant: a daemon that leaves members out (PM2's does for failed spawns) gives defaults, never
// an error.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/json.h"

namespace kpm::cli {

struct ProcessRow {
    std::int64_t id = 0;
    std::string name;
    std::string name_space;
    std::string version;
    std::string exec_mode;  // fork_mode, cluster_mode
    std::string status;
    std::string user;
    std::string script;
    std::string cron;
    std::string out_log, error_log, entire_log, pid_file;
    std::optional<std::int64_t> pid;
    std::int64_t online_since = 0;  // ms since 1970
    std::int64_t restarts = 0;
    std::optional<double> cpu;               // percent
    std::optional<std::int64_t> memory;      // bytes
    std::optional<double> gpu_percent;       // of its GPU's busiest engine
    std::optional<std::int64_t> gpu_memory;  // bytes of its GPU's own
    bool watching = false;
    bool is_module = false;
    const Json* entry = nullptr;  // the element read from; belongs to the caller's reply

    const Json& env() const;  // its pm2_env, an empty object when there is none
    // What the balancer has counted of a worker, null when it is none.
    const Json& connections() const;
};

// Keeps pointers into `monitor_data`, which must outlive the rows.
std::vector<ProcessRow> read_rows(const Json& monitor_data);

// A member as text ("" when missing or null), whatever scalar it is.
std::string text_of(const Json& object, std::string_view key);
// The same of a member that is a list: its items, separated by blanks.
std::string words_of(const Json& object, std::string_view key);
// A number, also one written as text.
std::optional<std::int64_t> integer_of(const Json& object, std::string_view key);

// 12s, 5m, 3h, 2D, 4M, 2Y; a unit begins at two of it, so that "119s" is still seconds. "0" unless online.
std::string uptime_text(const ProcessRow& row, std::int64_t now);
// The same of any time: "350ms", "12s", "3h".
std::string span_text(std::int64_t ms);
// 52.1mb; "0b" for nothing, "N/A" for unknown.
std::string memory_text(const std::optional<std::int64_t>& bytes);
// A number as JavaScript prints it: 3, 0.5.
std::string number_text(double value);
// 2026-11-24T04:56:57.447Z
std::string iso_time(std::int64_t ms_since_1970);

std::int64_t now_ms();

}  // namespace kpm::cli

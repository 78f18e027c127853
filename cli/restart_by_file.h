#pragma once
// What a restart or reload by a configuration file sends for one app, and what that changes. Pure.

#include <string>
#include <vector>

#include "cli/process_row.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/resolve.h"

namespace kpm::cli {

// The request's `env`: variables and `current_conf`. The variables are those that the file declares, beside
// the shell's when `env` and `env_file` are not in the file.
Json restart_env(const ecosystem::ParsedApp& app, const ecosystem::ResolvedApp& resolved);

struct Changes {
    std::vector<std::string> applied;  // attributes, in the order of the table
    std::vector<std::string> fixed;    // differ, but stay until the app is deleted
    unsigned wanted_instances = 0;     // 0: as many as there are
};

// `rows` are the app's processes before the request, `env` is what restart_env gave.
Changes changes_of(const ecosystem::ParsedApp& app, const ecosystem::ResolvedApp& resolved, const Json& env,
                   std::span<const ProcessRow> rows, unsigned cpus);

// Those of the given attributes that a running app takes over. The others are named in `fixed`.
std::vector<std::string> changeable(const std::vector<std::string>& given, std::vector<std::string>& fixed);

}  // namespace kpm::cli

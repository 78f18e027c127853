#pragma once
// What `kpm healthcheck` makes of the processes: are all up that ought to be? Pure.

#include <span>
#include <string>
#include <vector>

#include "cli/process_row.h"

namespace kpm::cli {

struct HealthFinding {
    const ProcessRow* row = nullptr;
    std::string problem;  // "" = it is well
};

// One per process that ought to be up: not for those that have done what they were to do (autorestart: false
// and the exit code 0) or wait for `kpm start` (autostart: false).
std::vector<HealthFinding> health_of(std::span<const ProcessRow> rows);

}  // namespace kpm::cli

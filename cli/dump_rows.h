#pragma once
// The content of dump.pm2, made of a daemon's list. kpmd writes its dump itself; this is for one that does
// not.

#include <vector>

#include "cli/process_row.h"
#include "ipc/base/json.h"

namespace kpm::cli {

// Without modules and without what belongs to one run. Pure.
Json dump_of(const std::vector<ProcessRow>& rows);

}  // namespace kpm::cli

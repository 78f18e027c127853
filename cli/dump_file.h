#pragma once
// dump.pm2 as PM2's CLI keeps it: an array of pm2_env objects. kpmd writes the file itself; this is for a
// daemon that does not, and for reading it back.

#include <string>
#include <vector>

#include "cli/process_row.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::cli {

// Without modules and without what belongs to one run. Pure.
Json dump_of(const std::vector<ProcessRow>& rows);

// Keeps the former file as dump.pm2.bak, writes beside and renames: there is a whole file at any time.
Result<void> write_dump(const ipc::Home& home, const Json& dump);

struct ReadDump {
    Json apps;                          // an array
    std::vector<std::string> warnings;  // of dump.pm2, when the backup was taken instead
};
// NotFound when neither file can be used. A file that cannot be parsed is left where it is.
Result<ReadDump> read_dump(const ipc::Home& home);

}  // namespace kpm::cli

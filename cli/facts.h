#pragma once
// What --json prints: the facts of the tables under names of their own, which stay as they are. jlist remains
// PM2's form with all that the daemon knows. Pure.

#include "cli/last_exit.h"
#include "cli/process_row.h"
#include "ipc/base/json.h"

namespace kpm::cli {

// The columns of the list.
Json list_facts(const ProcessRow& row, std::int64_t now);
// Those and the rows of describe.
// `workers`: the answer of kpm.workers, null: there is none.
Json describe_facts(const ProcessRow& row, const Json& workers, const LastExit& last_exit, std::int64_t now);
Json exit_facts(const LastExit& last_exit);

}  // namespace kpm::cli

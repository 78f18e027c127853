#pragma once
// Why an instance does not run: how its newest process ended, and what that said on stderr.

#include <string>
#include <vector>

#include "cli/process_row.h"
#include "cli/terminal.h"

namespace kpm::cli {

struct LastExit {
    std::string cause;                // "exit code 3", "signal SIGKILL", a failed start's reason; "" = none
    std::vector<std::string> errors;  // the last lines of its error log, see errors_since
};

// "" for one that has not ended yet. Pure.
std::string exit_cause(const Json& pm2_env);

// For an instance that is not online; else it is empty. The error log counts when it was written to since the
// newest launch: what an earlier life said is not the cause.
LastExit last_exit_of(const ProcessRow& row);

// The last lines of an error log, at most eight, of a longer one without stack frames and empty lines; none
// when it was not written to since then.
std::vector<std::string> errors_since(const std::string& error_log, std::int64_t ms_since_1970);

// "last exit: exit code 3" and the lines, each with `indent` before it; "" when nothing is known. Pure.
std::string last_exit_text(const LastExit& exit, std::string_view indent);

}  // namespace kpm::cli

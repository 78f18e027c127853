#pragma once
// Runs a program to its end, as a user's shell would, and keeps what it printed. For tests with real processes.

#include <map>
#include <string>
#include <vector>

namespace kpm::test {

struct CommandResult {
    int status = -1;    // exit code, or 128 + signal
    std::string out, err;
};

// argv[0] is looked up in PATH. `env` is added to the test's own environment; an empty value removes the variable. Kills
// the command and reports status 124 when it runs longer than a minute.
CommandResult run_command(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env = {},
                          const std::string& cwd = "");

}  // namespace kpm::test

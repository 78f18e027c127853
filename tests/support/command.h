#pragma once
// Runs programs as a user's shell would and keeps what they printed. For tests with real processes.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "ipc/base/unique_fd.h"

namespace kpm::test {

inline constexpr int kLateStatus = 124;  // had to be killed

struct CommandResult {
    int status = -1;  // exit code, or 128 + signal
    std::string out, err;
};

// argv[0] is looked up in PATH. `env` is added to the test's own environment; an empty value removes the
// variable. Kills the command and reports kLateStatus when it runs longer than `limit`.
CommandResult run_command(const std::vector<std::string>& argv,
                          const std::map<std::string, std::string>& env = {}, const std::string& cwd = "",
                          std::chrono::milliseconds limit = std::chrono::minutes{1});

// A command that goes on until the test ends it: `logs` that follows, for one. Out and err come together.
class RunningCommand {
public:
    RunningCommand(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env,
                   const std::string& cwd);
    ~RunningCommand();  // killed, if it still runs
    RunningCommand(const RunningCommand&) = delete;
    RunningCommand& operator=(const RunningCommand&) = delete;

    // All that it has printed up to now. It blocks on a full pipe until this is called.
    const std::string& output();
    // Sends the signal and waits for the end; the status is as in CommandResult.
    int end(int signal);

private:
    UniqueFd reader_;
    pid_t pid_ = 0;  // 0 = ended and reaped
    std::string output_;
};

}  // namespace kpm::test

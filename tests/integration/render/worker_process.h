#pragma once
// A worker as a real child process, and what a test wants to know of it. Killed and reaped by the destructor.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "tests/support/eventually.h"

namespace kpm::test {

inline constexpr std::chrono::seconds kPatience{60};

std::string real_worker();  // paths of the programs
std::string gate_worker();
std::string render_client();

class WorkerProcess {
public:
    struct Options {
        std::vector<std::string> arguments;
        std::vector<std::string> environment;  // "NAME=value", added to the test's own
        int channel = -1;                      // given to the child as KPM_CHANNEL_FD
    };

    WorkerProcess(const std::string& program, Options options);
    WorkerProcess(const WorkerProcess&) = delete;
    ~WorkerProcess();

    // The next line of stdout; empty when there is none in time.
    std::string read_line();
    // The port in the ready line of a worker that listens.
    std::uint16_t port();
    pid_t pid() const { return pid_; }
    // All of stderr, until the child has closed it.
    std::string read_errors();

    void signal(int number);
    bool is_running();
    // Exit code, or 128 + signal; nullopt while it runs when patience ends.
    std::optional<int> wait_exit();

private:
    bool reap(int flags);

    pid_t pid_ = -1;
    UniqueFd output_;
    UniqueFd errors_;
    std::string unread_;
    std::optional<std::uint16_t> port_;
    std::optional<int> exit_code_;
};

}  // namespace kpm::test

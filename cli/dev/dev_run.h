#pragma once
// Apps in development, from their start until they are ended: shows their logs and restarts, runs the user's
// command after each restart, ends what it has started on SIGINT, SIGTERM or SIGHUP, and the daemon with the
// last app.

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/dev/dev_line.h"
#include "cli/dev/dev_log.h"
#include "ipc/base/unique_fd.h"
#include "ipc/client.h"

namespace kpm::cli {

class DevRun {
public:
    // With a session. Signals wait from here on; during the start they end its waiting.
    DevRun(Context& context, const DevLine& wanted);
    ~DevRun();
    DevRun(const DevRun&) = delete;
    DevRun& operator=(const DevRun&) = delete;

    // The exit code.
    int run();

private:
    bool start();
    void say_header(const std::vector<std::string>& names) const;
    int show();
    bool take_events();   // false: the daemon has gone
    bool take_signals();  // true: one asks for the end
    bool nothing_runs();
    void run_command();
    int end(int result);

    Context& context_;
    const DevLine& wanted_;
    DevLog log_;
    UniqueFd signals_;
    std::optional<ipc::Subscriber> events_;
    std::set<std::int64_t> own_;  // ids of what this run has started
    bool has_started_ = false;
    bool is_leaving_ = false;  // asked to during the start
    pid_t command_ = 0;        // after a restart; 0: none runs
};

}  // namespace kpm::cli

#pragma once
// kpmd as a process: started, watched, started again when it dies. Driven by the keeper's loop.

#include "daemon/keeper/launch.h"
#include "daemon/keeper/startup.h"

namespace kpm::keeper {

class DaemonProcess {
public:
    explicit DaemonProcess(const Options& options) : options_(options) {}

    // Starts kpmd and returns the keeper's end of the link; empty: failed() says how, next_start() when to
    // try again. `ready` is what kpmd gets as KPM_READY_FD, at the first start.
    UniqueFd start(UniqueFd ready);
    const Launched& failed() const { return launched_; }

    pid_t pid() const { return launched_.pid; }  // -1: does not run
    std::uint64_t start_count() const { return start_count_; }
    void signal(int signo);
    // It died and was reaped: decides when the next start is due.
    void mark_exited();

    // Milliseconds until start() is due, for epoll_wait; -1: it runs.
    int next_start() const;
    void start_at_once() { due_ = 0; }
    // It does not run, and its last lives were too short to be of use.
    bool is_hopeless() const;

private:
    UniqueFd start_with(UniqueFd (&fds)[5], UniqueFd ours);

    const Options& options_;
    Launched launched_;
    std::uint64_t start_count_ = 0;
    std::int64_t started_ = 0;  // monotonic milliseconds
    std::int64_t due_ = 0;
    int early_deaths_ = 0;
};

}  // namespace kpm::keeper

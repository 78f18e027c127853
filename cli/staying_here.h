#pragma once
// --no-daemon: the command does not come back while its daemon runs, and shows the logs meanwhile; a daemon
// that it has started ends with it, apps and all, on SIGINT, SIGTERM, SIGHUP or SIGQUIT. So it may be the
// only process that a container starts. Made before the command runs, so that nothing of the logs is missed.

#include <sys/types.h>

#include <optional>

#include "cli/command.h"
#include "cli/hang_up.h"
#include "ipc/base/unique_fd.h"
#include "ipc/client.h"

namespace kpm::cli {

class StayingHere {
public:
    // Only with a session. Until finish() signals end the waiting for the daemon, then the command.
    explicit StayingHere(Context& context);
    ~StayingHere();
    StayingHere(const StayingHere&) = delete;
    StayingHere& operator=(const StayingHere&) = delete;

    // The exit code. `result` is the command's: with a failure there is nothing to stay for.
    int finish(int result);

private:
    void watch_keeper();
    void show_logs();  // in a child, until it is killed or this process ends
    void take_signals();
    void end_daemon();
    bool wait_for_keeper();  // or for a signal. True: the keeper has ended

    Context& context_;
    const Session* session_;
    bool is_own_;
    pid_t keeper_ = 0;
    pid_t viewer_ = 0;
    bool is_leaving_ = false;
    std::optional<HangUp> hang_up_;
    UniqueFd signals_;
    UniqueFd keeper_end_;  // a pidfd: readable when the keeper has ended; empty where there are none
    std::optional<ipc::Subscriber> events_;
};

}  // namespace kpm::cli

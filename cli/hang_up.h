#pragma once
// For a command that goes on to its daemon's end: a signal that asks for the end while it still waits for the
// daemon's answers closes the connection. So whatever is waited for fails at once, and who tidies up has its
// turn.

#include <array>
#include <csignal>

#include "ipc/base/unique_fd.h"

namespace kpm::cli {

inline constexpr std::array kEndSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// One at a time. Unblocks these signals, and leaves them as they were.
class HangUp {
public:
    explicit HangUp(int connection);
    ~HangUp() { stop(); }
    HangUp(const HangUp&) = delete;
    HangUp& operator=(const HangUp&) = delete;

    // True: one of the signals came.
    bool stop();

private:
    UniqueFd connection_;  // a duplicate: the command may close its own
    std::array<struct sigaction, kEndSignals.size()> before_{};
    sigset_t mask_before_{};
    bool is_on_ = true;
};

}  // namespace kpm::cli

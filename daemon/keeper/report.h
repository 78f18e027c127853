#pragma once
// How the keeper speaks to people: lines on stderr (pm2.log once it is in the background), and one answer to
// the process that waits for the daemon to be ready.

#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

// "keeper: <text>\n" on stderr, one write.
[[gnu::format(printf, 1, 2)]] void log_line(const char* format, ...);

// Passes kpmd's "ready" or "error: …" on to whoever started the keeper (KPM_READY_FD; NOTIFY_SOCKET when that
// is a service manager), and so knows itself whether kpmd ever became ready. Without KPM_READY_FD errors go
// to stderr.
class ReadyRelay {
public:
    void open_waiter();  // takes KPM_READY_FD out of the environment
    // Takes NOTIFY_SOCKET out of the environment: what kpmd's apps find there is kpmd's own.
    void open_service_manager();
    int waiter_fd() const { return waiter_.get(); }
    UniqueFd make_pipe();  // the write end, for kpmd
    int pipe_fd() const { return pipe_.get(); }
    bool forward();  // one read of the pipe; false: nothing there now, or all was read
    bool was_ready() const { return was_ready_; }
    bool was_answered() const { return was_answered_; }

    // "error: <text>\n" to the waiter.
    [[gnu::format(printf, 2, 3)]] void fail(const char* format, ...);

private:
    void answer(const char* text, std::size_t size);
    void tell_service_manager();

    UniqueFd waiter_;
    UniqueFd service_manager_;  // a connected datagram socket
    UniqueFd pipe_;
    bool was_ready_ = false;
    bool was_answered_ = false;
};

}  // namespace kpm::keeper

#pragma once
// One look at a process over a connection: whether it can be made (tcp), or what an HTTP server answers to a
// GET. Bounded in time by the probe's timeout and in memory by what an HTTP status may take. Owned by Probes;
// driven by the control loop.

#include <functional>
#include <optional>
#include <string>

#include "daemon/core/health.h"
#include "daemon/core/host.h"
#include "daemon/core/http_status.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class ProbeSocket {
public:
    struct Callbacks {
        std::function<void(core::ProbeResult)> on_result;  // once; may be called by begin(), too
        // Nothing more comes; the owner may destroy it. After a result a rest of the answer is read first: a
        // server need not find its connection broken.
        std::function<void()> on_over;
    };

    ProbeSocket(Loop& loop, const core::ProbeSpec& spec, Callbacks callbacks);

    void begin();
    // Over this connection, whose other end somebody else gives to the process.
    void begin_over(UniqueFd connected);
    // Of begin_over(): the process has the other end; otherwise why not.
    void taken(const std::string& trouble);

private:
    enum class Step { Connect, Taking, Send, Receive, Rest };

    void connect();
    void connected();
    void ready();
    bool send();
    void receive();
    void time_up();
    void watch(int events);
    void fail(std::string reason);
    void finish(core::ProbeResult result);

    Loop& loop_;
    core::ProbeSpec spec_;
    Callbacks callbacks_;
    Step step_ = Step::Connect;
    std::size_t host_ = 0;  // the one that is tried
    std::string request_;   // what of it has not been sent
    core::HttpStatusReader status_;
    std::size_t rest_ = 0;  // bytes after the result
    bool is_late_ = false;  // the timeout has passed: what has arrived still counts
    UniqueFd socket_;
    std::optional<PollFd> poll_;  // after socket_: it must go first
    Timer timer_;
};

}  // namespace kpm::io

#pragma once
// The blocking client of the control sockets, for the CLI and for whoever must ask before serving. One
// thread. Not for the daemon's loops: calls wait.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/amp_frame.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "ipc/home.h"
#include "ipc/protocol.h"
#include "ipc/rpc_message.h"

namespace kpm::ipc {

using Timeout = std::chrono::milliseconds;
inline constexpr Timeout kForever = Timeout::max();

// Who answers in a home. `Pm2`: answers getVersion, but not kpm.hello. `Silent`: takes connections and says
// nothing.
enum class DaemonKind { None, Stale, Denied, Kpm, Pm2, Silent };
struct DaemonIdentity {
    DaemonKind kind = DaemonKind::None;
    std::string version;  // kpm's or PM2's own
    Json hello;           // kpm.hello's answer; null otherwise
};
DaemonIdentity identify_daemon(const Home& home, Timeout timeout = kConnectTimeout);

// Calls by PM2's protocol. An Error from the daemon's method carries its text (and its code, if it is kpmd);
// an Error Unavailable says that the daemon is gone or did not answer in time.
class Client {
public:
    // NotFound: no daemon (no socket). Unavailable: a socket that nobody serves. Denied: not ours to use.
    static Result<Client> connect(const Home& home, Timeout timeout = kConnectTimeout);

    // The first value that the method answers with; null when it answers with none.
    Result<Json> call(std::string_view method, Json args = Json::array({Json::object()}),
                      Timeout timeout = kForever);

    // The same, but the value stays the text that came: for a large one that is only passed on. For kpmd
    // only, see value_text().
    Result<std::string> call_for_text(std::string_view method, Json args = Json::array({Json::object()})) {
        return wait_for_text(send_for_text(method, std::move(args)));
    }

    // Pipelining: send any number, then wait for each in any order. Replies are kept until waited for.
    using Ticket = std::uint64_t;
    Ticket send(std::string_view method, Json args = Json::array({Json::object()}));
    // Of what was sent last, once anything was.
    Ticket last_sent() const { return next_ticket_ - 1; }
    Result<Json> wait(Ticket ticket, Timeout timeout = kForever);
    // The two halves of call_for_text; one at a time.
    Ticket send_for_text(std::string_view method, Json args = Json::array({Json::object()}));
    Result<std::string> wait_for_text(Ticket ticket);

    // For callers that poll themselves: writes and reads what goes now. nullopt: not answered yet, and still
    // open.
    Result<std::optional<Json>> try_wait(Ticket ticket);

    // Sends what is queued without waiting for replies (killMe and notifyKillPM2 have none).
    Result<void> flush(Timeout timeout = kForever);
    // Waits until the daemon closes the connection; Unavailable when it has not in time.
    Result<void> wait_closed(Timeout timeout);

    // For callers that poll themselves.
    int fd() const { return socket_.get(); }
    bool has_unsent() const { return unsent() > 0; }                 // poll for writing too
    std::size_t unsent() const { return outgoing_.size() - sent_; }  // bytes
    // The process that serves the socket.
    pid_t daemon_pid() const;

private:
    friend DaemonIdentity identify_daemon(const Home& home, Timeout timeout);
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;

    Client(UniqueFd socket, std::string path);
    Result<void> exchange(Deadline deadline);  // waits for one readiness, writes and reads what goes
    Result<void> transfer();                   // writes and reads without waiting
    Result<void> read_some();
    Error lost(std::string_view reason) const;

    UniqueFd socket_;
    std::string path_;
    std::string outgoing_;
    std::size_t sent_ = 0;
    AmpDecoder decoder_;
    using Open = std::map<Ticket, std::optional<Reply>>;  // nullopt: not answered yet

    Result<void> wait_for(Open::iterator entry, Timeout timeout);
    Result<Json> close(Open::iterator answered);

    Open open_;
    std::optional<Ticket> text_wanted_;  // by send_for_text
    std::string text_;
    Ticket next_ticket_ = 0;
    bool closed_ = false;
};

// Receives the events of pub.sock.
class Subscriber {
public:
    static Result<Subscriber> connect(const Home& home);

    int fd() const { return socket_.get(); }  // readable: call next() until it answers nullopt
    // nullopt: nothing came in time. Unavailable: the daemon has closed the connection.
    Result<std::optional<Event>> next(Timeout timeout = Timeout{0});

private:
    Subscriber(UniqueFd socket, std::string path);

    UniqueFd socket_;
    std::string path_;
    AmpDecoder decoder_;
    bool closed_ = false;
};

}  // namespace kpm::ipc

#pragma once
// Serves rpc.sock and pub.sock of a home: PM2's protocol for any number of local clients. Knows no method:
// each request goes to a callback with a Responder, which may answer at once, later or never. A client that
// breaks the protocol, floods or does not read loses its own connection and nothing else. One thread: the
// loop's.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/socket_listener.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/home.h"
#include "ipc/protocol.h"
#include "ipc/rpc_message.h"

namespace kpm::io {

class ControlServer;
struct PendingReply;
struct RpcConnection;

// The right to answer one request, once; later answers do nothing. Copies share it. It may outlive the client
// and the server. When the last copy goes unanswered the client gets nothing, as PM2 has it for killMe.
class Responder {
public:
    explicit Responder(std::shared_ptr<PendingReply> pending) : pending_(std::move(pending)) {}

    void value(Json value) const;       // {"args":[value]}
    void text(std::string json) const;  // the same of a value that is text already
    void none() const;                  // {"args":[]}
    void error(const Error& error) const;
    void failure(ipc::Failure failure) const;
    void unknown_method() const;  // method "x" does not exist
    // Value or error, whatever `result` is.
    void answer(Result<Json> result) const;

    const SocketPeer& client() const;
    bool is_wanted() const;  // the client is still there and has no answer yet

private:
    void send(ipc::Reply reply) const;

    std::shared_ptr<PendingReply> pending_;  // shared with whoever works on the request
};

struct ControlLimits {
    std::size_t max_request = ipc::kMaxRequestSize;
    std::size_t max_replies_queued = std::size_t{256} << 20;  // more unread bytes: disconnected
    std::size_t max_events_queued = std::size_t{4} << 20;     // of a subscriber; beyond, it misses events
    std::size_t max_requests_open = 1024;                     // beyond: the next frames wait in the socket
    std::size_t max_clients = 1024;                           // beyond: closed at once
};

struct ControlCallbacks {
    std::function<void(const ipc::Request&, Responder)> on_request;
    // One line for the daemon's log: a refused or disconnected client, an accept that failed. Must not end
    // the server.
    std::function<void(std::string)> on_notice;
};

class ControlServer {
public:
    // Binds both sockets (mode 0600, without an `owner`). A socket file that nobody serves is replaced.
    // Exists: a daemon already runs in the home; the text says whether it is PM2's. `methods` answers the
    // methods query. Waits for up to some seconds when another daemon holds the home: for start-up only.
    static Result<std::unique_ptr<ControlServer>> open(Loop& loop, const ipc::Home& home,
                                                       ControlCallbacks callbacks,
                                                       std::vector<std::string> methods = {},
                                                       ControlLimits limits = {},
                                                       std::optional<SocketOwner> owner = {});
    // The same without sockets, which listen() opens; again after it has failed, as often as one likes.
    static std::unique_ptr<ControlServer> make(Loop& loop, ControlCallbacks callbacks,
                                               std::vector<std::string> methods = {},
                                               ControlLimits limits = {});
    Result<void> listen(const ipc::Home& home, const std::optional<SocketOwner>& owner = {});
    // Closes every connection and removes the socket files, if they are still this server's.
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    // To every subscriber; encoded once. Cheap without subscribers, but the caller can save making the
    // payload.
    void publish(std::string_view topic, const Json& payload);
    bool has_subscribers() const;

    // Bytes that clients have not taken yet.
    std::size_t queued() const;
    // Runs the loop until all replies have been taken, or for so long: before the end. Who only listens to
    // events is not waited for.
    void deliver_replies(std::chrono::milliseconds limit);
    std::size_t clients() const;
    // Takes no new connections and removes the socket files; those that are open go on.
    void stop_listening();

private:
    friend struct RpcConnection;
    struct State;
    explicit ControlServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;  // shared with the callback that runs, in which the server may end
};

}  // namespace kpm::io

#include "daemon/io/control_server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

#include "daemon/io/socket_listener.h"
#include "daemon/io/stream.h"
#include "daemon/io/timer.h"
#include "ipc/client.h"

namespace kpm::io {
namespace {

constexpr ipc::Timeout kIdentifyTimeout{2000};

Error taken(const ipc::Home& home, std::string_view by) {
    return {ErrorCode::Exists, fmt::format("cannot serve '{}': {}", home.root().native(), by)};
}

// Nobody may serve the home already; socket files that nobody serves are removed.
Result<void> clear_home(const ipc::Home& home) {
    const ipc::DaemonIdentity other = ipc::identify_daemon(home, kIdentifyTimeout);
    switch (other.kind) {
        case ipc::DaemonKind::None:
        case ipc::DaemonKind::Stale:
            break;
        case ipc::DaemonKind::Denied:
            return os_error("connect to", home.rpc_socket().native(), EACCES);
        case ipc::DaemonKind::Kpm:
            return taken(home, fmt::format("a daemon already runs in it (kpm {})", other.version));
        case ipc::DaemonKind::Pm2:
            return taken(home, fmt::format("a PM2 daemon (version {}) runs in it", other.version));
        case ipc::DaemonKind::Silent:
            return taken(home, "a daemon runs in it that does not answer");
    }
    if (ipc::Subscriber::connect(home)) return taken(home, "a daemon runs in it that has lost its rpc.sock");
    for (const std::filesystem::path& path : {home.rpc_socket(), home.pub_socket()}) {
        struct stat file {};
        if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) continue;
        if (::unlink(path.c_str()) != 0) return os_error("remove", path.native(), errno);
    }
    return {};
}

std::int64_t now_in_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

// One client of rpc.sock. The server's table keeps it; requests and callbacks that run hold it a little
// longer.
struct RpcConnection : std::enable_shared_from_this<RpcConnection> {
    RpcConnection(ControlServer::State& state, std::uint64_t number, const SocketPeer& client);

    void receive(std::string_view bytes);
    void serve_frames();
    void serve(const ipc::AmpFrame& frame);
    void send(ipc::Reply reply);
    void request_done();
    void drop(std::string_view reason);

    ControlServer::State* server;  // null once dropped
    std::uint64_t key;
    SocketPeer peer;
    ipc::AmpDecoder decoder;
    std::size_t requests_open = 0;
    bool is_serving = false;
    std::optional<Stream> stream;
};

struct PendingReply {
    PendingReply(const std::shared_ptr<RpcConnection>& client, const ipc::Request& request)
        : connection(client), peer(client->peer), id(request.id), method(request.method) {}
    ~PendingReply() {
        if (const auto client = connection.lock()) client->request_done();
    }
    PendingReply(const PendingReply&) = delete;
    PendingReply& operator=(const PendingReply&) = delete;

    std::weak_ptr<RpcConnection> connection;
    SocketPeer peer;
    std::string id;
    std::string method;
    bool is_answered = false;
};

struct ControlServer::State : std::enable_shared_from_this<State> {
    State(Loop& owner, ControlCallbacks called, std::vector<std::string> names, ControlLimits bounds)
        : loop(owner),
          callbacks(std::move(called)),
          methods(std::move(names)),
          limits(bounds),
          serve_later(owner, [this] { serve_waiting(); }) {}

    void close();
    Result<void> listen(const ipc::Home& home, const std::optional<SocketOwner>& owner);
    bool has_room();
    void add_connection(UniqueFd socket, const SocketPeer& peer);
    void add_subscriber(UniqueFd socket, const SocketPeer& peer);
    void serve_waiting();
    void notice(std::string line) {
        if (callbacks.on_notice) callbacks.on_notice(std::move(line));
    }

    Loop& loop;
    ControlCallbacks callbacks;
    std::vector<std::string> methods;
    ControlLimits limits;
    std::uint64_t next_key = 0;
    bool is_full = false;
    std::unordered_map<std::uint64_t, std::shared_ptr<RpcConnection>> connections;
    std::unordered_map<std::uint64_t, Stream> subscribers;
    Timer serve_later;
    std::unique_ptr<SocketListener> rpc, pub;
};

RpcConnection::RpcConnection(ControlServer::State& state, std::uint64_t number, const SocketPeer& client)
    : server(&state),
      key(number),
      peer(client),
      decoder(ipc::AmpLimits{ipc::kMaxAmpArgs, state.limits.max_request, state.limits.max_request}) {}

void RpcConnection::receive(std::string_view bytes) {
    decoder.feed(bytes);
    serve_frames();
}

void RpcConnection::serve_frames() {
    const std::shared_ptr<RpcConnection> keep = shared_from_this();
    is_serving = true;
    while (server != nullptr && requests_open < server->limits.max_requests_open) {
        Result<std::optional<ipc::AmpFrame>> frame = decoder.next();
        if (!frame) {
            drop(frame.error().message);
        } else if (*frame) {
            serve(**frame);
        } else {
            break;
        }
    }
    is_serving = false;
    if (server == nullptr) return;
    if (requests_open < server->limits.max_requests_open)
        stream->resume();
    else
        stream->pause();
}

void RpcConnection::serve(const ipc::AmpFrame& frame) {
    Result<ipc::Incoming> incoming = ipc::decode_request(frame);
    if (!incoming) return drop(incoming.error().message);
    if (const auto* request = std::get_if<ipc::Request>(&*incoming)) {
        ++requests_open;
        const std::shared_ptr<ControlServer::State> keep = server->shared_from_this();
        keep->callbacks.on_request(*request,
                                   Responder(std::make_shared<PendingReply>(shared_from_this(), *request)));
    } else if (auto* query = std::get_if<ipc::MethodsQuery>(&*incoming)) {
        send({std::move(query->id), ipc::MethodNames{server->methods}});
    } else {
        send(std::get<ipc::Reply>(*incoming));
    }
}

void RpcConnection::send(ipc::Reply reply) {
    if (server == nullptr) return;
    const auto bytes = [](std::string text) { return std::make_shared<const std::string>(std::move(text)); };
    std::array<Stream::Bytes, 3> parts;
    if (auto* const value = std::get_if<ipc::ValueText>(&reply.result)) {
        ipc::AmpAround around = ipc::frame_around(*value, reply.id);
        parts = {bytes(std::move(around.before)), bytes(std::move(value->json)),
                 bytes(std::move(around.after))};
    } else {
        parts[0] = bytes(ipc::encode(reply));
    }
    if (stream->write_all(std::move(parts)) == Stream::Written::Closed) drop("it does not read its replies");
}

void RpcConnection::request_done() {
    --requests_open;
    // Whoever gives up a Responder may be in the middle of anything: the next request must not come from
    // here.
    if (server != nullptr && !is_serving && requests_open + 1 == server->limits.max_requests_open)
        server->serve_later.start({});
}

void RpcConnection::drop(std::string_view reason) {
    if (server == nullptr) return;
    const std::shared_ptr<RpcConnection> keep = shared_from_this();
    ControlServer::State& state = *std::exchange(server, nullptr);
    state.connections.erase(key);
    stream.reset();
    if (!reason.empty()) state.notice(fmt::format("disconnected a client: {}", reason));
}

Result<void> ControlServer::State::listen(const ipc::Home& home, const std::optional<SocketOwner>& owner) {
    const auto listener = [this, &owner](const std::filesystem::path& path,
                                         void (State::*add)(UniqueFd, const SocketPeer&)) {
        return SocketListener::open(loop, path,
                                    {.on_client =
                                         [this, add](UniqueFd socket, const SocketPeer& peer) {
                                             if (has_room()) (this->*add)(std::move(socket), peer);
                                         },
                                     .on_notice = [this](std::string line) { notice(std::move(line)); }},
                                    owner);
    };
    // pub.sock first: a client that finds rpc.sock may subscribe next.
    auto pub_opened = listener(home.pub_socket(), &State::add_subscriber);
    if (!pub_opened) return pub_opened.error();
    auto rpc_opened = listener(home.rpc_socket(), &State::add_connection);
    if (!rpc_opened) return rpc_opened.error();
    pub = *std::move(pub_opened);
    rpc = *std::move(rpc_opened);
    return {};
}

void ControlServer::State::close() {
    rpc.reset();
    pub.reset();
    serve_later.stop();
    subscribers.clear();
    for (auto& [key, connection] : std::exchange(connections, {})) {
        connection->server = nullptr;
        connection->stream.reset();
    }
}

bool ControlServer::State::has_room() {
    const bool was_full = is_full;
    is_full = connections.size() + subscribers.size() >= limits.max_clients;
    if (is_full && !was_full) notice(fmt::format("refused a client: {} are connected", limits.max_clients));
    return !is_full;
}

void ControlServer::State::add_connection(UniqueFd socket, const SocketPeer& peer) {
    const std::uint64_t key = next_key++;
    const auto connection = std::make_shared<RpcConnection>(*this, key, peer);
    // The stream belongs to the connection and calls nothing once that is gone, so a plain pointer will do.
    RpcConnection* raw = connection.get();
    Result<Stream> stream = Stream::open(
        loop, std::move(socket),
        {.max_queued = limits.max_replies_queued,
         .overflow = Stream::Overflow::Close,
         .on_data = [raw](std::string_view bytes) { raw->receive(bytes); },
         .on_end = [raw](const std::optional<Error>& reason) { raw->drop(reason ? reason->message : ""); }});
    if (!stream) return notice(stream.error().message);
    connection->stream.emplace(*std::move(stream));
    connections.emplace(key, connection);
}

void ControlServer::State::add_subscriber(UniqueFd socket, const SocketPeer&) {
    const std::uint64_t key = next_key++;
    Result<Stream> stream =
        Stream::open(loop, std::move(socket),
                     {.max_queued = limits.max_events_queued,
                      .overflow = Stream::Overflow::Drop,
                      .on_end = [this, key](const std::optional<Error>&) { subscribers.erase(key); },
                      .on_recovered =
                          [this, key](std::uint64_t count) {
                              const Json payload{{"count", count}, {"at", now_in_ms()}};
                              subscribers.at(key).write(ipc::encode_event(ipc::topic::kDropped, payload));
                          }});
    if (!stream) return notice(stream.error().message);
    subscribers.emplace(key, *std::move(stream));
}

void ControlServer::State::serve_waiting() {
    std::vector<std::shared_ptr<RpcConnection>> waiting;
    for (const auto& [key, connection] : connections) waiting.push_back(connection);
    // A request may end this server: from then on its connections have none, and nothing of it is touched.
    for (const auto& connection : waiting)
        if (connection->server != nullptr) connection->serve_frames();
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(Loop& loop, const ipc::Home& home,
                                                           ControlCallbacks callbacks,
                                                           std::vector<std::string> methods,
                                                           ControlLimits limits,
                                                           std::optional<SocketOwner> owner) {
    auto server = make(loop, std::move(callbacks), std::move(methods), limits);
    if (Result<void> listening = server->listen(home, owner); !listening) return listening.error();
    return server;
}

std::unique_ptr<ControlServer> ControlServer::make(Loop& loop, ControlCallbacks callbacks,
                                                   std::vector<std::string> methods, ControlLimits limits) {
    return std::unique_ptr<ControlServer>(
        new ControlServer(std::make_shared<State>(loop, std::move(callbacks), std::move(methods), limits)));
}

Result<void> ControlServer::listen(const ipc::Home& home, const std::optional<SocketOwner>& owner) {
    if (Result<void> cleared = clear_home(home); !cleared) return cleared;
    return state_->listen(home, owner);
}

ControlServer::ControlServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

ControlServer::~ControlServer() {
    state_->close();
}

void ControlServer::publish(std::string_view topic, const Json& payload) {
    if (state_->subscribers.empty()) return;
    const auto bytes = std::make_shared<const std::string>(ipc::encode_event(topic, payload));
    // A stream that has failed reports its end by itself.
    for (auto& [key, subscriber] : state_->subscribers) subscriber.write(bytes);
}

bool ControlServer::has_subscribers() const {
    return !state_->subscribers.empty();
}

std::size_t ControlServer::queued() const {
    std::size_t bytes = 0;
    for (const auto& [key, connection] : state_->connections) bytes += connection->stream->queued();
    for (const auto& [key, subscriber] : state_->subscribers) bytes += subscriber.queued();
    return bytes;
}

void ControlServer::deliver_replies(std::chrono::milliseconds limit) {
    bool is_late = false;
    Timer deadline(state_->loop, [&is_late] { is_late = true; });
    deadline.start(limit);
    const auto is_unread = [](const auto& entry) { return entry.second->stream->queued() > 0; };
    while (!is_late && std::ranges::any_of(state_->connections, is_unread)) state_->loop.run_once();
}

std::size_t ControlServer::clients() const {
    return state_->connections.size() + state_->subscribers.size();
}

void ControlServer::stop_listening() {
    state_->rpc.reset();
    state_->pub.reset();
}

void Responder::value(Json value) const {
    send(ipc::value_reply({}, std::move(value)));
}

void Responder::text(std::string json) const {
    send({{}, ipc::ValueText{std::move(json)}});
}

void Responder::none() const {
    send({{}, ipc::Values{}});
}

void Responder::error(const Error& error) const {
    send(ipc::error_reply({}, error));
}

void Responder::failure(ipc::Failure failure) const {
    send({{}, std::move(failure)});
}

void Responder::unknown_method() const {
    send(ipc::unknown_method_reply({pending_->method, {}, {}}));
}

void Responder::answer(Result<Json> result) const {
    if (result)
        value(*std::move(result));
    else
        error(result.error());
}

const SocketPeer& Responder::client() const {
    return pending_->peer;
}

bool Responder::is_wanted() const {
    const auto connection = pending_->connection.lock();
    return connection && connection->server != nullptr && !pending_->is_answered;
}

void Responder::send(ipc::Reply reply) const {
    if (std::exchange(pending_->is_answered, true)) return;
    const auto connection = pending_->connection.lock();
    if (!connection) return;
    reply.id = pending_->id;
    connection->send(std::move(reply));
}

}  // namespace kpm::io

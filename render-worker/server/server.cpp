#include "render-worker/server/server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "render-worker/server/channel.h"
#include "render-worker/server/heartbeat.h"
#include "render-worker/server/host_info.h"
#include "render-worker/server/http_session.h"
#include "render-worker/server/listener.h"
#include "render-worker/server/notify_socket.h"
#include "render-worker/server/render_queue.h"
#include "render-worker/server/server_parts.h"
#include "render-worker/server/session_table.h"
#include "render-worker/server/suspects.h"

namespace kpm::render {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kDeviceLostFlush{2000};
constexpr std::chrono::milliseconds kLastChunk{2000};  // for the render thread to see that all is over
constexpr std::size_t kReservedFds =
    32;  // standard streams, the loop, the device's files, genomes that are fetched

// Every connection is one descriptor; what the hard limit does not allow is refused, not half taken.
std::size_t raise_fd_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024 - kReservedFds;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 2 * kReservedFds ? limit.rlim_cur - kReservedFds : limit.rlim_cur / 2;
}

tcp protocol_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

void print_error(const std::string& message) {
    fmt::print(stderr, "render-worker: {}\n", message);
}

class Server final : public ChannelListener {
public:
    Server(ServerOptions options, const Protocol& protocol, GenomeLoader& loader, EngineFactory factory);
    ~Server() override;

    // Either of them, once, before run().
    Result<void> listen();
    void take_channel(UniqueFd socket);

    // Until the end; the process's exit code.
    int run();

private:
    enum class Phase { Serving, Draining, Drained };

    void on_connection(UniqueFd socket) override;
    void on_drain() override { begin_drain(); }
    void on_hello() override;
    void on_end() override;

    void wait_for_signal();
    void on_signal();
    void on_ready(const std::string& engine);
    void on_failed(const EngineFailure& failure);
    void on_device_lost(const EngineFailure& failure);
    void on_closed();
    void open_session(boost::asio::ip::tcp::socket socket);
    void begin_drain();
    void check_drained();
    void end_when_drained(int exit_code);
    template <class Call>
    void after(std::chrono::milliseconds delay, Call call);
    void end(int exit_code);
    void tell(channel::Type type, std::uint64_t value = 0, std::uint32_t flags = 0);

    ServerOptions options_;
    Suspects suspects_;
    SessionTable sessions_;
    bool ready_ = false;
    ServerParts parts_;
    boost::asio::io_context io_{1};  // sessions die with it: what they use stands above
    RenderQueue queue_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer deadline_;
    std::optional<Listener> listener_;
    std::optional<Channel> channel_;
    NotifySocket supervisor_;
    std::optional<Heartbeat> heartbeat_;
    Phase phase_ = Phase::Serving;
    int signal_count_ = 0;
    std::size_t max_connections_;
    std::optional<int> exit_when_drained_;
    int exit_code_ = 0;
};

Server::Server(ServerOptions options, const Protocol& protocol, GenomeLoader& loader, EngineFactory factory)
    : options_(std::move(options)),
      suspects_(options_.suspects),
      parts_{options_, protocol, sessions_, queue_, ready_},
      queue_(io_, options_, protocol, loader, suspects_, std::move(factory),
             {.ready = [this](const std::string& engine) { on_ready(engine); },
              .failed = [this](const EngineFailure& failure) { on_failed(failure); },
              .device_lost = [this](const EngineFailure& failure) { on_device_lost(failure); },
              .load = [this](std::size_t jobs) { tell(channel::Type::Load, jobs); }}),
      signals_(io_, SIGTERM, SIGINT),
      deadline_(io_),
      max_connections_(raise_fd_limit()) {
    sessions_.on_closed = [this] { on_closed(); };
    if (const Result<void> shared = suspects_.open(); !shared)
        print_error(shared.error().message + ", suspects are known to this worker alone");
    if (const auto interval = watchdog_interval())
        heartbeat_.emplace(io_, *interval, queue_, [this] { supervisor_.send("WATCHDOG=1"); });
}

Server::~Server() {
    // Sessions die with the loop, after most of this object.
    sessions_.on_closed = nullptr;
}

Result<void> Server::listen() {
    listener_.emplace(io_);
    return listener_->open(options_);
}

void Server::take_channel(UniqueFd socket) {
    channel_.emplace(io_, std::move(socket), *this);
}

int Server::run() {
    if (listener_)
        listener_->start([this](tcp::socket socket) {
            // The last descriptors are for work: a connection that nothing can be done for is closed.
            if (sessions_.open() < max_connections_) open_session(std::move(socket));
        });
    if (channel_) channel_->start();
    wait_for_signal();
    if (heartbeat_) heartbeat_->start();
    io_.run();
    // A render thread that does not come back (a driver that hangs) can neither be waited for nor lose what
    // it works with.
    if (!queue_.stop(queue_.is_stuck() ? std::chrono::milliseconds{0} : kLastChunk)) {
        std::fflush(nullptr);
        std::_Exit(exit_code_);
    }
    return exit_code_;
}

void Server::on_ready(const std::string& engine) {
    if (listener_ && !options_.host_info_file.empty())
        if (const Result<void> done = write_host_info(options_.host_info_file, listener_->port()); !done)
            return on_failed({done.error()});
    ready_ = true;
    if (listener_) fmt::print("render-worker listening on {} ({})\n", listener_->address(), engine);
    if (channel_) fmt::print("render-worker taking connections from kpm ({})\n", engine);
    std::fflush(stdout);
    tell(channel::Type::Ready);
}

void Server::open_session(tcp::socket socket) {
    std::make_shared<HttpSession>(std::move(socket), SessionTable::Ticket(sessions_), parts_)->start();
}

void Server::on_connection(UniqueFd fd) {
    if (phase_ != Phase::Serving || sessions_.open() >= max_connections_)
        return channel_->refuse(std::move(fd));
    boost::system::error_code error;
    tcp::socket socket(io_);
    socket.assign(protocol_of(fd.get()), fd.get(), error);
    if (error) return channel_->refuse(std::move(fd));
    (void)fd.release();
    tell(channel::Type::Accepted);
    open_session(std::move(socket));
}

void Server::on_closed() {
    tell(channel::Type::Done);
    check_drained();
}

void Server::on_hello() {
    const std::uint32_t flags =
        (ready_ ? channel::kStateReady : 0) | (phase_ == Phase::Serving ? 0 : channel::kStateDraining);
    tell(channel::Type::State, sessions_.open(), flags);
    tell(channel::Type::Load, queue_.load());
    if (phase_ == Phase::Drained) tell(channel::Type::Drained);
}

void Server::on_end() {
    suspects_.leave();
    // Nobody will stop this process any more, so clients that keep sending must not keep it alive.
    after(options_.stop_deadline, [this] {
        queue_.close({ErrorCode::Unavailable, "cannot take the job: the worker stops"});
    });
    end_when_drained(0);
}

// Only a new process can have a new context, so this one makes room as soon as its last answers are out.
void Server::on_device_lost(const EngineFailure& failure) {
    print_error(failure.error.message);
    after(kDeviceLostFlush, [this, code = failure.exit_code] { end(code); });
    end_when_drained(failure.exit_code);
}

void Server::on_failed(const EngineFailure& failure) {
    print_error(failure.error.message);
    end(failure.exit_code);
}

void Server::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        on_signal();
        wait_for_signal();
    });
}

void Server::on_signal() {
    const auto give_up = [this] { end(exit_when_drained_.value_or(0)); };
    suspects_.leave();
    if (++signal_count_ > 1) return give_up();
    after(options_.stop_deadline, give_up);
    end_when_drained(0);
}

void Server::end_when_drained(int exit_code) {
    if (!exit_when_drained_) exit_when_drained_ = exit_code;
    if (phase_ == Phase::Drained) return end(*exit_when_drained_);
    begin_drain();
}

void Server::begin_drain() {
    if (phase_ != Phase::Serving) return;
    phase_ = Phase::Draining;
    if (listener_) listener_->finish();
    sessions_.start_drain();
    check_drained();
}

void Server::check_drained() {
    if (phase_ != Phase::Draining || sessions_.open() > 0) return;
    phase_ = Phase::Drained;
    tell(channel::Type::Drained);
    if (exit_when_drained_) end(*exit_when_drained_);
}

template <class Call>
void Server::after(std::chrono::milliseconds delay, Call call) {
    deadline_.expires_after(delay);
    deadline_.async_wait([call](const boost::system::error_code& error) {
        if (!error) call();
    });
}

void Server::end(int exit_code) {
    exit_code_ = exit_code;
    io_.stop();
}

void Server::tell(channel::Type type, std::uint64_t value, std::uint32_t flags) {
    if (channel_) channel_->send(type, value, flags);
}

}  // namespace

Result<int> serve(const ServerOptions& options, const Protocol& protocol, GenomeLoader& loader,
                  EngineFactory factory, std::optional<UniqueFd> channel) {
    Server server(options, protocol, loader, std::move(factory));
    if (channel) {
        server.take_channel(*std::move(channel));
    } else if (const Result<void> listening = server.listen(); !listening) {
        return listening.error();
    }
    return server.run();
}

}  // namespace kpm::render

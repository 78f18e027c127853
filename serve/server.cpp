#include "serve/server.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <map>
#include <memory>

#include "serve/session.h"
#include "serve/site.h"

namespace kpm::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// More connections wait in the backlog. Each holds a descriptor, with an answer a second one, and its
// buffers.
constexpr std::size_t kMaxSessions = 400;
// From here on an answer ends its connection: there shall be room for who comes next.
constexpr std::size_t kCrowded = kMaxSessions - kMaxSessions / 10;
// Out of descriptors all the same.
constexpr std::chrono::milliseconds kRetry{100};
// For answers on their way when the end is asked for.
constexpr std::chrono::seconds kDrainTime{10};

std::string print(const tcp::endpoint& endpoint) {
    const std::string host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                      : fmt::format("{}:{}", host, endpoint.port());
}

class Server {
public:
    explicit Server(const Settings& settings)
        : settings_(settings), site_(settings.folder), signals_(io_, SIGTERM, SIGINT) {}

    ~Server() { ended_ = true; }

    Result<void> open() {
        const auto root = site_.open("");
        if (!root || !root->is_folder)
            return Error{ErrorCode::NotFound, fmt::format("cannot serve '{}': {}", settings_.folder,
                                                          root ? "not a folder" : reason(root.error()))};
        boost::system::error_code error;
        tcp::endpoint endpoint(asio::ip::make_address(settings_.host, error), settings_.port);
        if (error) {  // a name
            const auto found = tcp::resolver(io_).resolve(settings_.host, std::to_string(settings_.port),
                                                          tcp::resolver::passive, error);
            if (error) return refused(error);
            endpoint = found.begin()->endpoint();
        }
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
        if (!error) acceptor_.non_blocking(true, error);
        if (error) return refused(error);
        return {};
    }

    std::string address() const {
        boost::system::error_code error;
        return print(acceptor_.local_endpoint(error));
    }

    void run() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) drain();
        });
        accept();
        io_.run();
    }

private:
    static std::string reason(const Error& error) {
        const std::size_t colon = error.message.rfind(": ");
        return colon == std::string::npos ? error.message : error.message.substr(colon + 2);
    }

    Error refused(const boost::system::error_code& error) const {
        return {ErrorCode::Io,
                fmt::format("cannot listen on '{}:{}': {}", settings_.host, settings_.port, error.message())};
    }

    // Full, it waits for a session that ends, or that becomes idle and makes way.
    void accept() {
        if (draining_ || accepting_ || (is_full() && !longest_idle())) return;
        accepting_ = true;
        acceptor_.async_wait(tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
            accepting_ = false;
            if (draining_ || error == asio::error::operation_aborted) return;
            if (error) return accept_later();
            take_one();
        });
    }

    void take_one() {
        // Whoever holds connections and asks for nothing must not lock the others out.
        const auto idle = is_full() ? longest_idle() : nullptr;
        if (is_full() && !idle) return;
        boost::system::error_code error;
        tcp::socket socket(io_);
        acceptor_.accept(socket, error);
        if (error && error != asio::error::would_block && error != asio::error::connection_aborted)
            return accept_later();
        if (!error) {
            if (idle) idle->close_idle();
            add(std::move(socket));
        }
        accept();
    }

    // Asking again at once would only burn the processor.
    void accept_later() {
        retry_.expires_after(kRetry);
        retry_.async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled) accept();
        });
    }

    bool is_full() const { return sessions_.size() >= kMaxSessions; }

    std::shared_ptr<Session> longest_idle() const {
        std::shared_ptr<Session> longest;
        for (const auto& [number, weak] : sessions_) {
            auto session = weak.lock();
            if (session && session->idle_since() &&
                (!longest || *session->idle_since() < *longest->idle_since()))
                longest = std::move(session);
        }
        return longest;
    }

    void add(tcp::socket socket) {
        const std::uint64_t number = next_++;
        const auto session = std::make_shared<Session>(
            std::move(socket),
            Session::Owner{
                .answer = [this](const Request& request) { return answer_to(request, site_, settings_); },
                .may_stay = [this] { return sessions_.size() < kCrowded; },
                .idle = [this] { accept(); },
                .ended = [this, number] { forget(number); }});
        sessions_.emplace(number, session);
        session->start();
    }

    void forget(std::uint64_t number) {
        if (ended_) return;
        sessions_.erase(number);
        if (draining_ && sessions_.empty()) deadline_.cancel();
        if (!draining_) accept();
    }

    void drain() {
        draining_ = true;
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        retry_.cancel();
        for (const auto& [number, weak] : sessions_) {
            if (const auto session = weak.lock()) session->drain();
        }
        if (sessions_.empty()) return;
        deadline_.expires_after(kDrainTime);
        deadline_.async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled) io_.stop();
        });
    }

    const Settings& settings_;
    Site site_;
    // Sessions that are left at the end go with the context, and still call forget().
    std::map<std::uint64_t, std::weak_ptr<Session>> sessions_;
    std::uint64_t next_ = 0;
    bool accepting_ = false;
    bool draining_ = false;
    bool ended_ = false;
    asio::io_context io_{1};
    tcp::acceptor acceptor_{io_};
    asio::steady_timer retry_{io_};
    asio::steady_timer deadline_{io_};
    asio::signal_set signals_;
};

}  // namespace

Result<void> run_server(const Settings& settings, const std::function<void(const std::string&)>& listening) {
    std::signal(SIGPIPE, SIG_IGN);
    Server server(settings);
    if (auto opened = server.open(); !opened) return opened;
    listening(server.address());
    server.run();
    return {};
}

}  // namespace kpm::serve

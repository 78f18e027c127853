#include "render-worker/server/listener.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace kpm::render {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Out of descriptors: the connection stays in the backlog, asking again at once would only burn the
// processor.
constexpr std::chrono::milliseconds kRetry{100};

std::string print(const tcp::endpoint& endpoint) {
    const std::string host = endpoint.address().to_string();
    return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                      : fmt::format("{}:{}", host, endpoint.port());
}

Error listen_error(const ServerOptions& options, const boost::system::error_code& error) {
    return {ErrorCode::Io,
            fmt::format("cannot listen on '{}:{}': {}", options.host, options.port, error.message())};
}

}  // namespace

Result<void> Listener::open(const ServerOptions& options) {
    boost::system::error_code error;
    tcp::endpoint endpoint(asio::ip::make_address(options.host, error), options.port);
    if (error) {  // a name
        tcp::resolver resolver(io_);
        const auto found = resolver.resolve(options.host, fmt::format_int(options.port).str(),
                                            tcp::resolver::passive, error);
        if (error) return listen_error(options, error);
        endpoint = found.begin()->endpoint();
    }
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return listen_error(options, error);
    acceptor_.non_blocking(true);
    return {};
}

std::string Listener::address() const {
    boost::system::error_code error;
    return print(acceptor_.local_endpoint(error));
}

std::uint16_t Listener::port() const {
    boost::system::error_code error;
    return acceptor_.local_endpoint(error).port();
}

void Listener::start(Accepted accepted) {
    accepted_ = std::move(accepted);
    accept();
}

void Listener::accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
        if (!acceptor_.is_open() || error == asio::error::operation_aborted) return;
        if (!error) {
            accepted_(std::move(socket));
            return accept();
        }
        retry_.expires_after(kRetry);
        retry_.async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled) accept();
        });
    });
}

void Listener::finish() {
    boost::system::error_code error;
    acceptor_.cancel(error);
    for (;;) {
        tcp::socket socket(io_);
        acceptor_.accept(socket, error);
        if (error) break;
        accepted_(std::move(socket));
    }
    acceptor_.close(error);
    retry_.cancel();
}

}  // namespace kpm::render

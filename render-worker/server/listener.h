#pragma once
// The listening socket of a worker that runs without kpmd.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <string>

#include "ipc/base/result.h"
#include "render-worker/server/options.h"

namespace kpm::render {

class Listener {
public:
    using Accepted = std::function<void(boost::asio::ip::tcp::socket)>;

    explicit Listener(boost::asio::io_context& io) : io_(io), acceptor_(io), retry_(io) {}

    Result<void> open(const ServerOptions& options);
    void start(Accepted accepted);
    // Takes what waits in the backlog, then closes: a connection that the kernel has completed is not lost.
    void finish();
    // "0.0.0.0:3000", with the port that was taken.
    std::string address() const;
    std::uint16_t port() const;

private:
    void accept();

    boost::asio::io_context& io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer retry_;
    Accepted accepted_;
};

}  // namespace kpm::render

#pragma once
// One connection as long as it speaks HTTP/1.1: /health, /ready, /metrics, 404 for the rest, keep-alive; an
// upgrade hands the connection to a WsSession. Lives in its own asynchronous operations (shared_ptr: several
// may be pending) and ends when the last of them does.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "render-worker/server/idle_watch.h"
#include "render-worker/server/server_parts.h"

namespace kpm::render {

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(boost::asio::ip::tcp::socket socket, SessionTable::Ticket ticket, const ServerParts& parts);
    ~HttpSession() override;

    void start();
    void drain() override;

private:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    void read();
    void read_rest();
    void on_read(const boost::beast::error_code& error);
    void upgrade();
    Response answer(const Request& request) const;
    std::string metrics() const;
    const char* state() const;
    void expect_within(std::chrono::milliseconds limit);
    void on_late();
    void write(Response response);
    void finish();
    void discard();
    bool is_busy();

    SessionTable::Ticket ticket_;
    const ServerParts& parts_;
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
    Response response_;
    std::array<char, 4096> discarded_;
    IdleWatch idle_;
    boost::asio::steady_timer deadline_;  // of what is being read
    bool reading_ = false;
    bool late_ = false;
    bool writing_ = false;
};

}  // namespace kpm::render

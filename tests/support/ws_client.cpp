#include "tests/support/ws_client.h"

#include <poll.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <stdexcept>

namespace kpm::test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// Runs one operation to its end; when the time is up the socket is closed, which ends the operation too.
template <class Stream, class Start>
beast::error_code await(asio::io_context& io, Stream& stream, std::chrono::milliseconds timeout,
                        Start start) {
    std::optional<beast::error_code> outcome;
    start([&outcome](const beast::error_code& error, auto&&...) { outcome = error; });
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    io.restart();
    while (!outcome && io.run_one_until(deadline) > 0) {
    }
    if (outcome) return *outcome;
    beast::get_lowest_layer(stream).close();
    io.restart();
    while (!outcome && io.run_one() > 0) {
    }
    return beast::error::timeout;
}

asio::ip::tcp::endpoint local(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

}  // namespace

struct HttpClient::State {
    asio::io_context io;
    beast::tcp_stream stream{io};
    beast::flat_buffer buffer;
    std::string last;
};

HttpClient::HttpClient(std::uint16_t port) : state_(std::make_unique<State>()) {
    const auto error = await(state_->io, state_->stream, kClientTimeout,
                             [&](auto done) { state_->stream.async_connect(local(port), done); });
    if (error) throw std::runtime_error("http client: " + error.message());
}

HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

std::optional<HttpReply> HttpClient::get(const std::string& target, std::chrono::milliseconds timeout) {
    State& s = *state_;
    http::request<http::empty_body> request{http::verb::get, target, 11};
    request.set(http::field::host, "127.0.0.1");
    if (const auto error =
            await(s.io, s.stream, timeout, [&](auto done) { http::async_write(s.stream, request, done); })) {
        s.last = "write: " + error.message();
        return std::nullopt;
    }
    http::response<http::string_body> response;
    if (const auto error = await(s.io, s.stream, timeout,
                                 [&](auto done) { http::async_read(s.stream, s.buffer, response, done); })) {
        s.last = "read: " + error.message();
        return std::nullopt;
    }
    return HttpReply{static_cast<int>(response.result_int()),
                     std::string(response[http::field::content_type]), response.body(),
                     response.keep_alive()};
}

std::string HttpClient::last_error() const {
    return state_->last;
}

bool HttpClient::send_raw(const std::string& bytes, std::chrono::milliseconds timeout) {
    State& s = *state_;
    return !await(s.io, s.stream, timeout,
                  [&](auto done) { asio::async_write(s.stream, asio::buffer(bytes), done); });
}

std::string HttpClient::read_some(std::chrono::milliseconds timeout) {
    State& s = *state_;
    std::string bytes(4096, '\0');
    std::size_t count = 0;
    await(s.io, s.stream, timeout, [&](auto done) {
        s.stream.async_read_some(asio::buffer(bytes),
                                 [&count, done](const beast::error_code& error, std::size_t got) {
                                     count = got;
                                     done(error);
                                 });
    });
    bytes.resize(count);
    return bytes;
}

std::string HttpClient::poll_some() {
    pollfd ready{.fd = state_->stream.socket().native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, 100) > 0 ? read_some() : std::string();
}

std::string HttpClient::read_to_end(std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string all;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const std::string more = left.count() > 0 ? read_some(left) : std::string();
        if (more.empty()) return all;
        all += more;
    }
}

bool HttpClient::wait_closed(std::chrono::milliseconds timeout) {
    State& s = *state_;
    char byte = 0;
    const auto error = await(s.io, s.stream, timeout,
                             [&](auto done) { s.stream.async_read_some(asio::buffer(&byte, 1), done); });
    return error && error != beast::error::timeout;
}

struct WsClient::State {
    asio::io_context io;
    websocket::stream<beast::tcp_stream> socket{io};
    beast::error_code last;
};

WsClient::WsClient(std::uint16_t port, const std::string& path) : state_(std::make_unique<State>()) {
    State& s = *state_;
    s.socket.read_message_max(0);
    auto error = await(s.io, s.socket, kClientTimeout, [&](auto done) {
        beast::get_lowest_layer(s.socket).async_connect(local(port), done);
    });
    if (!error)
        error = await(s.io, s.socket, kClientTimeout,
                      [&](auto done) { s.socket.async_handshake("127.0.0.1", path, done); });
    if (error) throw std::runtime_error("websocket client: " + error.message());
}

WsClient::WsClient(WsClient&&) noexcept = default;
WsClient::~WsClient() = default;

bool WsClient::send(const std::string& text, std::chrono::milliseconds timeout) {
    State& s = *state_;
    s.socket.text(true);
    return !await(s.io, s.socket, timeout,
                  [&](auto done) { s.socket.async_write(asio::buffer(text), done); });
}

bool WsClient::ping() {
    State& s = *state_;
    return !await(s.io, s.socket, kClientTimeout,
                  [&](auto done) { s.socket.async_ping(websocket::ping_data("are you there"), done); });
}

std::optional<WsMessage> WsClient::receive(std::chrono::milliseconds timeout) {
    State& s = *state_;
    beast::flat_buffer buffer;
    s.last = await(s.io, s.socket, timeout, [&](auto done) { s.socket.async_read(buffer, done); });
    if (s.last) return std::nullopt;
    return WsMessage{s.socket.got_text(), beast::buffers_to_string(buffer.data())};
}

std::string WsClient::last_error() const {
    return state_->last.message();
}

std::optional<int> WsClient::wait_close(std::chrono::milliseconds timeout) {
    State& s = *state_;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!s.last) {
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) return std::nullopt;
        receive(std::chrono::duration_cast<std::chrono::milliseconds>(left));
    }
    // What counts is the close frame: Beast's server closes its socket after one read of what is left (its
    // teardown_tcp_op), so the frame may be followed by a reset instead of an orderly end.
    const auto code = s.socket.reason().code;
    return code == websocket::close_code::none ? std::nullopt : std::optional<int>(code);
}

void WsClient::close() {
    State& s = *state_;
    await(s.io, s.socket, kClientTimeout,
          [&](auto done) { s.socket.async_close(websocket::close_code::normal, done); });
}

void WsClient::abort() {
    beast::get_lowest_layer(state_->socket).close();
}

}  // namespace kpm::test

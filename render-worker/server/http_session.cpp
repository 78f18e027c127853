#include "render-worker/server/http_session.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <chrono>
#include <utility>

#include "ipc/base/date_format.h"
#include "render-worker/server/ws_session.h"

namespace kpm::render {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kMaxBody = 64u << 10;
// A body nobody wants is read this long so that the answer is not lost to a reset.
constexpr std::chrono::seconds kDiscardTime{2};

// 2026-02-18T12:34:56.789Z, as JavaScript's toISOString.
std::string iso_time() {
    return iso_date(std::chrono::system_clock::now());
}

}  // namespace

HttpSession::HttpSession(asio::ip::tcp::socket socket, SessionTable::Ticket ticket, const ServerParts& parts)
    : ticket_(std::move(ticket)),
      parts_(parts),
      stream_(std::move(socket)),
      idle_(stream_.get_executor(), parts.options.drain_idle) {
    parts_.sessions.add(*this);
}

HttpSession::~HttpSession() {
    parts_.sessions.remove(*this);
}

void HttpSession::start() {
    boost::system::error_code ignored;  // a Unix socket has no such option
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    if (parts_.sessions.draining()) drain();
    read();
}

void HttpSession::drain() {
    idle_.start(
        [weak = weak_from_this()] {
            const auto self = weak.lock();
            return self && self->is_busy();
        },
        [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->stream_.close();
        });
}

// A request that has begun to arrive, even if only in the kernel's buffer, still gets its answer.
bool HttpSession::is_busy() {
    boost::system::error_code error;
    return writing_ || buffer_.size() > 0 || (parser_ && parser_->got_some()) ||
           stream_.socket().available(error) > 0;
}

void HttpSession::read() {
    parser_.emplace();
    parser_->body_limit(kMaxBody);
    stream_.expires_after(parts_.options.request_timeout);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const beast::error_code& error, std::size_t) { self->on_read(error); });
}

void HttpSession::on_read(const beast::error_code& error) {
    idle_.touch();
    const bool is_malformed = error &&
                              error.category() == make_error_code(http::error::end_of_stream).category() &&
                              error != http::error::end_of_stream && error != http::error::partial_message;
    if (error && !is_malformed) return;  // the client left, or the time is up: nobody to answer
    if (is_malformed) {
        Response bad{http::status::bad_request, 11, "Bad Request"};
        bad.set(http::field::content_type, "text/plain");
        bad.keep_alive(false);
        bad.prepare_payload();
        return write(std::move(bad));
    }
    // Frames before the handshake's answer break RFC 6455; dropping them silently would be worse than
    // refusing.
    if (beast::websocket::is_upgrade(parser_->get()) && buffer_.size() == 0) return upgrade();
    write(answer(parser_->get()));
}

void HttpSession::upgrade() {
    stream_.expires_never();
    std::make_shared<WsSession>(std::move(stream_), std::move(ticket_), parts_)->start(parser_->release());
}

HttpSession::Response HttpSession::answer(const Request& request) const {
    const bool is_get = request.method() == http::verb::get || request.method() == http::verb::head;
    Response response{http::status::not_found, request.version(), "Not Found"};
    response.set(http::field::content_type, "text/plain");
    if (is_get && request.target() == "/health") {
        response.result(http::status::ok);
        response.set(http::field::content_type, "application/json");
        response.body() = fmt::format(R"({{"status":"ok","timestamp":"{}"}})", iso_time());
    } else if (is_get && request.target() == "/ready") {
        const char* state = parts_.sessions.draining() ? "draining" : parts_.ready ? "ready" : "starting";
        const bool ready = parts_.ready && !parts_.sessions.draining();
        response.result(ready ? http::status::ok : http::status::service_unavailable);
        response.set(http::field::content_type, "application/json");
        response.body() = fmt::format(R"({{"status":"{}","jobs":{}}})", state, parts_.queue.load());
    }
    response.keep_alive(request.keep_alive() && !parts_.sessions.draining());
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();
    return response;
}

void HttpSession::write(Response response) {
    writing_ = true;
    response_ = std::move(response);
    stream_.expires_after(parts_.options.request_timeout);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                          self->writing_ = false;
                          self->idle_.touch();
                          if (error) return;
                          if (self->response_.keep_alive()) return self->read();
                          self->finish();
                      });
}

// Closing at once could reset the connection and take the answer with it when the client has sent more.
void HttpSession::finish() {
    boost::system::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kDiscardTime);
    discard();
}

void HttpSession::discard() {
    stream_.async_read_some(asio::buffer(discarded_),
                            [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                                if (!error) self->discard();
                            });
}

}  // namespace kpm::render

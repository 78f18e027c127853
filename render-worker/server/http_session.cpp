#include "render-worker/server/http_session.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <chrono>
#include <string_view>
#include <utility>

#include "ipc/base/date_format.h"
#include "render-worker/server/metrics.h"
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
      idle_(stream_.get_executor(), parts.options.drain_idle),
      deadline_(stream_.get_executor()) {
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
    stream_.expires_never();
    reading_ = true;
    late_ = false;
    if (buffer_.size() > 0) return read_rest();
    expect_within(parts_.options.request_timeout);
    stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                                [self = shared_from_this()](const beast::error_code& error) {
                                    if (error) return self->on_read(error);
                                    self->read_rest();
                                });
}

// A request that has begun has to end soon: a client that sends a byte now and then holds a connection
// cheaply.
void HttpSession::read_rest() {
    expect_within(parts_.options.header_timeout);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](const beast::error_code& error, std::size_t) { self->on_read(error); });
}

void HttpSession::expect_within(std::chrono::milliseconds limit) {
    deadline_.expires_after(limit);
    deadline_.async_wait([weak = weak_from_this()](const beast::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) self->on_late();
    });
}

void HttpSession::on_late() {
    // Its request, or another deadline, may have come while this was on its way.
    if (!reading_ || deadline_.expiry() > std::chrono::steady_clock::now()) return;
    late_ = true;
    stream_.cancel();
}

void HttpSession::on_read(const beast::error_code& error) {
    idle_.touch();
    reading_ = false;
    deadline_.cancel();
    const auto refuse = [this](http::status status) {
        const auto reason = http::obsolete_reason(status);
        Response refusal{status, 11, std::string(reason.data(), reason.size())};
        refusal.set(http::field::content_type, "text/plain");
        refusal.keep_alive(false);
        refusal.prepare_payload();
        write(std::move(refusal));
    };
    if (error && late_ && parser_->got_some()) return refuse(http::status::request_timeout);
    const bool is_malformed = error &&
                              error.category() == make_error_code(http::error::end_of_stream).category() &&
                              error != http::error::end_of_stream && error != http::error::partial_message;
    if (error && !is_malformed) return;  // the client left, or was never there: nobody to answer
    if (is_malformed) return refuse(http::status::bad_request);
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
        const std::string_view found = state();
        response.result(found == "ready" ? http::status::ok : http::status::service_unavailable);
        response.set(http::field::content_type, "application/json");
        response.body() = fmt::format(R"({{"status":"{}","jobs":{}}})", found, parts_.queue.load());
    } else if (is_get && request.target() == "/metrics") {
        response.result(http::status::ok);
        response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
        response.body() = metrics();
    }
    response.keep_alive(request.keep_alive() && !parts_.sessions.draining());
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();
    return response;
}

const char* HttpSession::state() const {
    if (parts_.sessions.draining()) return "draining";
    if (!parts_.ready) return "starting";
    return parts_.queue.is_full() ? "busy" : "ready";
}

std::string HttpSession::metrics() const {
    return metrics_text({.load = parts_.queue.load(),
                         .running = parts_.queue.running(),
                         .queue_limit = parts_.options.queue,
                         .jobs = parts_.queue.counters(),
                         .connections = parts_.sessions.open(),
                         .connections_taken = parts_.sessions.taken(),
                         .ready = std::string_view(state()) == "ready"});
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

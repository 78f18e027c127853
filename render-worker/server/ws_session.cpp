#include "render-worker/server/ws_session.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>

#include <chrono>
#include <utility>

namespace kpm::render {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::chrono::seconds kCloseTime{5};  // for the peer's answer to a close frame
constexpr std::size_t kReadBytes = 64u << 10;  // at a time
constexpr std::size_t kFragmentBytes =
    64u << 10;  // clients have frame limits, and pings go out between fragments

}  // namespace

WsSession::WsSession(beast::tcp_stream stream, SessionTable::Ticket ticket, const ServerParts& parts)
    : ticket_(std::move(ticket)),
      parts_(parts),
      socket_(std::move(stream)),
      rest_(socket_.get_executor()),
      idle_(socket_.get_executor(), parts.options.drain_idle) {
    parts_.sessions.add(*this);
}

WsSession::~WsSession() {
    forget_incoming();
    parts_.sessions.drop_outgoing(counted_);
    parts_.sessions.remove(*this);
}

void WsSession::start(beast::http::request<beast::http::string_body> upgrade) {
    websocket::stream_base::timeout timeout;
    timeout.handshake_timeout = kCloseTime;
    // Beast pings after half of the idle time.
    timeout.idle_timeout = parts_.options.ping_interval * 2;
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.read_message_max(parts_.options.max_message);
    socket_.auto_fragment(true);
    socket_.write_buffer_bytes(kFragmentBytes);
    if (parts_.sessions.draining()) drain();
    socket_.async_accept(upgrade, [self = shared_from_this()](const beast::error_code& error) {
        if (error) return;
        self->idle_.touch();
        self->send(self->parts_.protocol.greeting());
        self->read();
    });
}

void WsSession::drain() {
    idle_.start(
        [weak = weak_from_this()] {
            const auto self = weak.lock();
            return self && self->is_busy();
        },
        [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->close(websocket::close_code::going_away);
        });
}

// A message that has begun to arrive, even if only in the kernel's buffer, is still served.
bool WsSession::is_busy() {
    boost::system::error_code error;
    return !socket_.is_open() || jobs_ > 0 || !outgoing_.empty() || buffer_.size() > 0 ||
           beast::get_lowest_layer(socket_).socket().available(error) > 0;
}

void WsSession::read() {
    socket_.async_read_some(buffer_, kReadBytes,
                            [self = shared_from_this()](const beast::error_code& error, std::size_t bytes) {
                                if (error) return self->leave();
                                self->take_part(bytes);
                            });
}

void WsSession::take_part(std::size_t bytes) {
    // The close operation reads what still comes.
    if (closing_) {
        forget_incoming();
        buffer_ = {};
        return;
    }
    const bool is_first = incoming_ == 0;
    parts_.sessions.add_incoming(bytes);
    incoming_ += bytes;
    if (socket_.is_message_done()) {
        forget_incoming();
        take_message();
    } else if (parts_.sessions.incoming() > 2 * parts_.options.max_message &&
               parts_.sessions.incoming() > incoming_) {
        forget_incoming();
        buffer_ = {};
        return close(websocket::close_code::try_again_later);
    } else if (is_first) {
        begun_ = std::chrono::steady_clock::now();
        await_rest();
    }
    read();
}

void WsSession::forget_incoming() {
    if (incoming_ == 0) return;
    parts_.sessions.drop_incoming(std::exchange(incoming_, 0));
    rest_.cancel();
}

std::chrono::steady_clock::time_point WsSession::rest_due() const {
    return begun_ + parts_.options.message_timeout + std::chrono::seconds(incoming_ / kSlowestMessage);
}

void WsSession::await_rest() {
    rest_.expires_at(rest_due());
    rest_.async_wait([weak = weak_from_this()](const beast::error_code& error) {
        const auto self = weak.lock();
        // The message's end, or the next message, may have come while this was on its way.
        if (!self || error || self->incoming_ == 0) return;
        if (self->rest_due() > std::chrono::steady_clock::now()) return self->await_rest();
        self->close(websocket::close_code::policy_error, "cannot read 'message': it comes too slowly");
    });
}

void WsSession::take_message() {
    idle_.touch();
    std::string message = beast::buffers_to_string(buffer_.data());
    buffer_.clear();
    buffer_.shrink_to_fit();
    if (parts_.protocol.ignores(message)) return;
    ++jobs_;
    // A refusal quotes the message, which the queue takes only when it takes the job.
    RenderJob job{
        .message = std::move(message), .cancelled = gone_, .answer = [weak = weak_from_this()](Reply reply) {
            if (const auto self = weak.lock()) self->answered(std::move(reply));
        }};
    if (const Result<void> taken = parts_.queue.submit(job); !taken)
        answered(parts_.protocol.refusal(job.message, taken.error()));
}

void WsSession::answered(Reply reply) {
    --jobs_;
    idle_.touch();
    send(std::move(reply));
}

void WsSession::send(Reply reply) {
    if (closing_ || *gone_) return;
    if (reply.after != After::GoOn) after_ = reply.after;
    Outgoing out{.messages = {}, .rest = std::move(reply.rest), .bytes = reply.rest_bytes};
    if (reply.greeting && !std::exchange(greeted_, true)) out.messages.push_back(*std::move(reply.greeting));
    for (WireMessage& message : reply.messages) out.messages.push_back(std::move(message));
    if (out.messages.empty()) return;
    for (const WireMessage& message : out.messages) out.bytes += message.bytes.size();
    const bool is_idle = outgoing_.empty();
    outgoing_bytes_ += out.bytes;
    outgoing_.push_back(std::move(out));
    // What is being written does not count: one sound may be as long as it is.
    if (!is_idle && outgoing_bytes_ - outgoing_.front().bytes > parts_.options.max_output) return leave();
    count_outgoing();
    if (is_idle) begin_reply();
    if (parts_.sessions.outgoing() > parts_.options.max_all_output)
        if (Session* const slowest = parts_.sessions.slowest_reader()) slowest->leave();
}

void WsSession::begin_reply() {
    if (!outgoing_.empty()) outgoing_.front().begun = std::chrono::steady_clock::now();
    write();
}

void WsSession::write() {
    if (outgoing_.empty()) {
        if (after_ != After::GoOn)
            close(after_ == After::Close ? websocket::close_code::normal : websocket::close_code::none);
        return;
    }
    const WireMessage& message = outgoing_.front().messages.front();
    socket_.text(message.text);
    socket_.async_write(asio::buffer(message.bytes),
                        [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                            if (error) return self->leave();
                            self->written();
                        });
}

void WsSession::written() {
    idle_.touch();
    Outgoing& out = outgoing_.front();
    out.messages.pop_front();
    if (out.messages.empty() && out.rest)
        if (std::optional<WireMessage> next = out.rest()) out.messages.push_back(*std::move(next));
    if (out.messages.empty()) {
        outgoing_bytes_ -= out.bytes;
        outgoing_.pop_front();
        count_outgoing();
        return begin_reply();
    }
    write();
}

void WsSession::close(websocket::close_code code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    socket_.async_close(websocket::close_reason(code, beast::string_view(reason.data(), reason.size())),
                        [self = shared_from_this()](const beast::error_code&) { self->leave(); });
}

std::optional<std::chrono::steady_clock::time_point> WsSession::reading_since() const {
    return outgoing_.empty() || *gone_ ? std::nullopt : std::optional(outgoing_.front().begun);
}

void WsSession::count_outgoing() {
    parts_.sessions.drop_outgoing(counted_);
    counted_ = *gone_ ? 0 : outgoing_bytes_;
    parts_.sessions.add_outgoing(counted_);
}

// Ends the pending operations, and with the last of them the session.
void WsSession::leave() {
    if (gone_->exchange(true)) return;
    count_outgoing();
    parts_.queue.drop_cancelled();
    beast::get_lowest_layer(socket_).close();
}

}  // namespace kpm::render

#pragma once
// One WebSocket connection: every message becomes a job of the queue (unless the format ignores it), every
// reply goes out in the order in which the jobs end. A client that leaves cancels its jobs; one that does not
// read its replies is cut off at ServerOptions::max_output, or as the slowest of all where the replies to all
// are more than max_all_output; one that does not answer pings is gone after two
// of them. A message has ServerOptions::message_timeout, which grows with what has come of it; then the
// connection is closed with 1008 (policy). Messages that are on their way may together be twice
// ServerOptions::max_message: whoever goes beyond while others send, too, is closed with 1013 (try again
// later). Lives in its own asynchronous operations, like HttpSession.

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "render-worker/server/idle_watch.h"
#include "render-worker/server/server_parts.h"

namespace kpm::render {

class WsSession final : public Session, public std::enable_shared_from_this<WsSession> {
public:
    WsSession(boost::beast::tcp_stream stream, SessionTable::Ticket ticket, const ServerParts& parts);
    ~WsSession() override;

    void start(boost::beast::http::request<boost::beast::http::string_body> upgrade);
    void drain() override;
    void leave() override;
    std::optional<std::chrono::steady_clock::time_point> reading_since() const override;

private:
    void read();
    void take_part(std::size_t bytes);
    void take_message();
    void forget_incoming();
    void await_rest();
    std::chrono::steady_clock::time_point rest_due() const;
    void answered(Reply reply);
    void send(Reply reply);
    void begin_reply();
    void write();
    void written();
    void close(boost::beast::websocket::close_code code, std::string_view reason = {});
    bool is_busy();
    void count_outgoing();

    // A reply on its way.
    struct Outgoing {
        std::deque<WireMessage> messages;  // never empty; the first one is being written
        std::function<std::optional<WireMessage>()> rest;
        std::size_t bytes = 0;  // of all that is held for it
        std::chrono::steady_clock::time_point begun{};
    };

    SessionTable::Ticket ticket_;
    const ServerParts& parts_;
    boost::beast::websocket::stream<boost::beast::tcp_stream> socket_;
    boost::beast::flat_buffer buffer_;
    std::size_t incoming_ = 0;                       // bytes of the message that is on its way
    std::chrono::steady_clock::time_point begun_{};  // when its first ones came
    boost::asio::steady_timer rest_;                 // when the others are due
    std::shared_ptr<CancelFlag> gone_ =
        std::make_shared<CancelFlag>(false);  // shared with this client's jobs
    std::size_t jobs_ = 0;
    std::deque<Outgoing> outgoing_;  // the first one is being written
    std::size_t outgoing_bytes_ = 0;
    std::size_t counted_ = 0;  // of them, for the limit of all
    bool greeted_ = false;
    After after_ = After::GoOn;  // what is done when all has been written
    bool closing_ = false;
    IdleWatch idle_;
};

}  // namespace kpm::render

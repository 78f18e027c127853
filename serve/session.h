#pragma once
// One connection: HTTP/1.1 with keep-alive, each step bounded in time and size. Lives in its own pending
// operation and ends with it.

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "serve/answer.h"

namespace kpm::serve {

class Session final : public std::enable_shared_from_this<Session> {
public:
    using Clock = std::chrono::steady_clock;

    // What a session asks of the server, and tells it.
    struct Owner {
        std::function<Answer(const Request&)> answer;
        std::function<bool()> may_stay;  // after the answer that is about to be sent
        std::function<void()> idle;      // it waits for a request again
        std::function<void()> ended;     // once, when nothing of the connection is left
    };

    Session(boost::asio::ip::tcp::socket socket, Owner owner);
    ~Session();

    void start();
    // Finishes the answer that is on its way, if there is one.
    void drain();
    // Since when it waits for a request; nothing while one is answered, and once it is being closed.
    std::optional<Clock::time_point> idle_since() const { return idle_since_; }
    void close_idle();

private:
    using Head = boost::beast::http::response<boost::beast::http::empty_body>;

    void read();
    void on_read(const boost::beast::error_code& error);
    void write(Answer answer, bool keep_alive);
    void write_body();
    void on_written();
    void finish();
    void discard();

    boost::beast::tcp_stream stream_;
    Owner owner_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
    Head head_;
    std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>> serializer_;
    Answer answer_;
    std::uint64_t sent_ = 0;  // of the body
    std::string chunk_;
    std::optional<Clock::time_point> idle_since_;
    bool without_body_ = false;
    bool busy_ = false;
    bool draining_ = false;
};

}  // namespace kpm::serve

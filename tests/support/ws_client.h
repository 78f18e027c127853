#pragma once
// Small blocking HTTP and WebSocket clients for tests. Every operation ends by its own deadline; what went
// wrong is in the return value (or, for what a test cannot do without, a std::runtime_error that fails the
// test). One client belongs to one thread; many clients may run at once.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace kpm::test {

inline constexpr std::chrono::seconds kClientTimeout{30};

struct HttpReply {
    int status = 0;
    std::string content_type;
    std::string body;
    bool keep_alive = false;
};

// One HTTP/1.1 keep-alive connection to 127.0.0.1.
class HttpClient {
public:
    // Throws when nobody listens.
    explicit HttpClient(std::uint16_t port);
    HttpClient(HttpClient&&) noexcept;
    ~HttpClient();

    // nullopt: the server closed the connection, or the time is up.
    std::optional<HttpReply> get(const std::string& target,
                                 std::chrono::milliseconds timeout = kClientTimeout);
    // Why the newest get() gave nothing.
    std::string last_error() const;
    // Sends bytes as they are. False when the server does not take them in time: then the connection is cut.
    bool send_raw(const std::string& bytes, std::chrono::milliseconds timeout = kClientTimeout);
    // What the server sends until it closes the connection or the time is up.
    std::string read_to_end(std::chrono::milliseconds timeout = kClientTimeout);
    // At least one byte more; empty when the server closes the connection or the time is up.
    std::string read_some(std::chrono::milliseconds timeout = kClientTimeout);
    // What comes within a tenth of a second; the connection stays when nothing does.
    std::string poll_some();
    // True when the server closes the connection (without sending anything more) in time.
    bool wait_closed(std::chrono::milliseconds timeout = kClientTimeout);

private:
    struct State;
    std::unique_ptr<State> state_;
};

struct WsMessage {
    bool text = false;
    std::string bytes;
};

// One WebSocket connection to 127.0.0.1. Pings are answered only while receive() or wait_close() runs.
class WsClient {
public:
    // Throws when the handshake fails. `read_message_max` bounds nothing: replies may be as long as they are.
    explicit WsClient(std::uint16_t port, const std::string& path = "/");
    WsClient(WsClient&&) noexcept;
    ~WsClient();

    bool send(const std::string& text, std::chrono::milliseconds timeout = kClientTimeout);
    // A ping without waiting for its answer.
    bool ping();
    // nullopt: closed, or the time is up (then the connection is cut: a half-read message cannot be resumed).
    std::optional<WsMessage> receive(std::chrono::milliseconds timeout = kClientTimeout);
    // Reads on until the server closes; the close frame's code, nullopt when there was none in time.
    // Why the newest send() or receive() failed.
    std::string last_error() const;
    std::optional<int> wait_close(std::chrono::milliseconds timeout = kClientTimeout);
    // Sends a close frame and waits for the server's.
    void close();
    // Cuts the TCP connection without a close frame.
    void abort();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace kpm::test

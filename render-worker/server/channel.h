#pragma once
// The worker's side of the kpm channel (ipc/kpm_channel.h): takes connections from kpmd and tells it what
// becomes of them. Driven by the I/O thread; decides nothing: the server does.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <deque>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "ipc/kpm_channel.h"

namespace kpm::render {

// What kpmd says. A handler may not destroy the channel.
class ChannelListener {
public:
    virtual ~ChannelListener() = default;
    virtual void on_connection(UniqueFd socket) = 0;
    virtual void on_drain() = 0;
    virtual void on_hello() = 0;
    // kpmd and the keeper have let go of this worker; nothing is sent any more.
    virtual void on_end() = 0;
};

class Channel {
public:
    Channel(boost::asio::io_context& io, UniqueFd socket, ChannelListener& listener);

    void start() { read(); }
    void send(channel::Type type, std::uint64_t value = 0, std::uint32_t flags = 0);
    // Gives a connection back.
    void refuse(UniqueFd connection);

private:
    struct Outgoing {
        channel::ChannelMessage message;
        UniqueFd fd;
    };

    void read();
    bool receive();
    void push(Outgoing outgoing);
    void flush();
    bool send_now(const Outgoing& outgoing);
    void end();

    boost::asio::posix::stream_descriptor socket_;
    ChannelListener& listener_;
    std::deque<Outgoing> waiting_;  // while the socket is full
    bool ended_ = false;
};

}  // namespace kpm::render

#pragma once
// kpmd's end of a Node worker's cluster channel (daemon/core/node_protocol.h): a stream socket, lines both
// ways, one descriptor with a line. Frames, queues and acknowledges; knows nothing of sockets and balancing.
// Driven by the data plane's loop.
//
// Node reads 64 KiB at a time. If plain lines before a line with a descriptor can push that line over such an
// edge, its descriptor arrives one read before the end of its text, and a second one queued behind would be
// taken for it. So after such a line no descriptor follows until its arrival is acknowledged.
//
// What a worker sends without end waits in the socket: reading pauses while more than kMaxUnheard bytes of
// what it says have not been heard by the control loop, a small message counting as kLeastUnheard, and while
// it has said more than its allowance, in which the two lines that it owes for each connection do not count.
// In one turn of the loop so many lines are heard, whatever they are. Descriptors whose lines do not come end
// the channel.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/node_protocol.h"
#include "daemon/core/node_sockets.h"
#include "daemon/io/channel_reader.h"
#include "daemon/io/loop.h"
#include "daemon/io/message_allowance.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class NodeChannel {
public:
    static constexpr std::size_t kMaxUnsent = std::size_t{8} << 20;   // bytes that a worker has not read
    static constexpr std::size_t kMaxUnheard = std::size_t{4} << 20;  // bytes that kpmd has not heard
    // All that waits is heard in one turn of the control loop: no more than 256 messages.
    static constexpr std::size_t kLeastUnheard = kMaxUnheard / 256;
    // Given by send_handle and not acknowledged: as many as an app may have sockets. Node acknowledges one
    // before it can close it and ask for the next.
    static constexpr std::size_t kMaxHandles = core::NodeSockets::kMaxSockets;
    static constexpr int kMostTries = 3;  // for one that does not arrive

    struct Callbacks {
        // `hold` counts the message as unheard for as long as it is kept. Never a message that the channel
        // answers by itself (HandleSent comes as AppSaid). What the app says is not parsed here (AppLine).
        std::function<void(core::node::Message, std::shared_ptr<void> hold)> on_message;
        // The connection passed with the line of this number did not arrive.
        std::function<void(std::uint64_t seq)> on_lost;
        // takes_connections() may have become true.
        std::function<void()> on_room;
        // All that could be heard in this turn of the loop was.
        std::function<void()> on_heard;
        // EOF, an error or an endless line, after all that came before it; or too many descriptors that it
        // does not acknowledge. The last call; the owner may destroy the channel in it.
        std::function<void(std::string reason)> on_gone;
    };

    static Result<std::unique_ptr<NodeChannel>> open(Loop& loop, UniqueFd socket, Callbacks callbacks);
    ~NodeChannel();

    // False: dropped, the worker does not read.
    bool send(std::string line);
    // A line with a descriptor that is to arrive, however long that takes: sent again when it does not. At
    // most 8 KiB, which the kernel takes whole. With more than kMaxHandles on_gone comes in this call.
    void send_handle(std::string line, UniqueFd handle);
    bool takes_connections() const { return unsent_.empty() && !is_exclusive_; }
    // Sends the line with a copy of `connection` now, or not at all. Only when it takes connections.
    bool pass_connection(std::string_view line, std::uint64_t seq, int connection);

    // The process has ended: hands out what it said last. on_gone does not follow.
    void finish();

private:
    struct Outgoing {
        std::string line;
        UniqueFd handle;  // empty: none goes with it
        int tries = 0;
    };
    // A descriptor on its way: a passed connection, or what send_handle was given.
    struct Sent {
        std::uint64_t seq = 0;
        std::optional<Outgoing> again;
    };

    NodeChannel(Loop& loop, UniqueFd socket, Callbacks callbacks);
    void ready(int events);
    void end(std::string reason);
    std::optional<std::string> read_some();
    bool hear_read();
    std::chrono::milliseconds pause();
    void take(ChannelReader::Heard heard);
    bool is_owed(const core::node::Message& message);
    void write_some();
    bool write_one(Outgoing& one);
    void count_handle(std::size_t size, Sent sent);
    void handle_answered(bool arrived);
    void watch();

    UniqueFd socket_;
    Callbacks callbacks_;
    ChannelReader reader_{ChannelReader::AppLines::AsTheyAre};
    std::deque<Outgoing> unsent_;
    std::size_t unsent_bytes_ = 0;
    std::size_t handles_ = 0;  // of send_handle, until they have arrived or are given up
    std::deque<Sent> unacknowledged_;
    std::size_t unanswered_ = 0;   // connections
    std::size_t plain_bytes_ = 0;  // sent since the last descriptor
    bool is_exclusive_ = false;    // until the last descriptor is acknowledged
    std::shared_ptr<std::atomic<std::size_t>> unheard_;
    MessageAllowance allowance_;
    int left_ = 0;               // lines of this turn
    bool has_more_ = false;      // of what was read, some was not heard
    bool is_finishing_ = false;  // nothing is held back any more
    Timer resume_;
    std::optional<PollFd> poll_;  // after socket_: it must go first
};

}  // namespace kpm::io

#pragma once
// kpmd's end of one worker's kpm channel (ipc/kpm_channel.h): packets out and in, nothing of what they mean.
// Driven by the data plane's loop; the connection pool owns one for each of its workers.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "ipc/kpm_channel.h"

namespace kpm::io {

class WorkerChannel {
public:
    struct Callbacks {
        // `passed` is empty when no descriptor came with the message.
        std::function<void(const channel::ChannelMessage&, UniqueFd passed)> on_message;
        // There is room again after a `Full`.
        std::function<void()> on_room;
        // All that could be heard in this turn of the loop was.
        std::function<void()> on_heard;
        // EOF or a malformed packet, after all messages that came before it. The last call; the owner may
        // destroy the channel in it.
        std::function<void(std::string reason)> on_gone;
    };
    enum class Sent {
        Sent,
        Full,    // on_room follows
        Failed,  // no room in the kernel, or the worker is gone and on_gone follows: try again after a while
    };

    static Result<std::unique_ptr<WorkerChannel>> open(Loop& loop, UniqueFd socket, Callbacks callbacks);

    // The worker gets a copy of `connection`; ours stays open.
    Sent send_connection(std::uint64_t listener, int connection);
    // Drain and Hello: sent now, or first thing when there is room.
    void send_notice(channel::Type type);

private:
    explicit WorkerChannel(UniqueFd socket, Callbacks callbacks)
        : socket_(std::move(socket)), callbacks_(std::move(callbacks)) {}
    void ready(int events);
    std::optional<std::string> read_messages();
    void send_owed();
    Sent send(const channel::ChannelMessage& message, std::span<const int> fds);
    void watch();

    UniqueFd socket_;
    Callbacks callbacks_;
    std::deque<channel::ChannelMessage> owed_;
    bool full_ = false;
    std::optional<PollFd> poll_;  // after socket_: it must go first
};

}  // namespace kpm::io

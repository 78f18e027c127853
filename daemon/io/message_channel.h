#pragma once
// kpmd's end of a child's message channel, as Node's IPC: a stream socket whose number the child finds in
// NODE_CHANNEL_FD, one JSON text per line in both directions. Knows nothing of what the messages mean. Driven
// by the control loop.
//
// A child may write what it likes: a line that is no JSON is passed over (it may be the rest of one whose
// beginning an earlier daemon has read), one beyond the limit ends the channel. Descriptors that come with a
// message are dropped.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class MessageChannel {
public:
    static constexpr std::size_t kMaxLine = std::size_t{8} << 20;    // bytes of one message
    static constexpr std::size_t kMaxUnsent = std::size_t{8} << 20;  // bytes that a child has not read

    struct Callbacks {
        std::function<void(Json)> on_message;
        // EOF, an error, or a message beyond the limit. The last call; the owner may destroy the channel in
        // it.
        std::function<void(std::string reason)> on_gone;
    };

    static Result<std::unique_ptr<MessageChannel>> open(Loop& loop, UniqueFd socket, Callbacks callbacks);

    // Never waits; what the socket has no room for is sent later. Unavailable: the child does not read.
    Result<void> send(const Json& message);

    // The process has ended: what it said last. on_gone does not follow.
    void finish();

private:
    explicit MessageChannel(UniqueFd socket, Callbacks callbacks)
        : socket_(std::move(socket)), callbacks_(std::move(callbacks)) {}
    void ready(int events);
    std::optional<std::string> read_some();
    std::optional<std::string> take_lines();
    void write_some();

    UniqueFd socket_;
    Callbacks callbacks_;
    std::string received_, unsent_;
    std::size_t searched_ = 0;    // bytes of received_ that hold no line end
    std::optional<PollFd> poll_;  // after socket_: it must go first
};

// The messages in `lines`, which ends at a line end: what is no JSON is left out. Pure, for MessageChannel
// and its fuzzer.
std::vector<Json> parse_message_lines(std::string_view lines);

}  // namespace kpm::io

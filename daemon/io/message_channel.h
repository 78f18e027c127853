#pragma once
// kpmd's end of a child's message channel, as Node's IPC: a stream socket whose number the child finds in
// NODE_CHANNEL_FD, one JSON text per line in both directions. Knows nothing of what the messages mean. Driven
// by the control loop.
//
// A line that is no JSON is passed over (it may be the rest of one whose beginning an earlier daemon has
// read), one beyond the limit ends the channel. A child that says more than its allowance waits: what it
// wrote stays in its socket, and then its writes block. Objects whose `cmd` begins with NODE_ are Node's own
// and no messages. A message that is sent with a descriptor is one of them: it is unpacked, its arrival
// acknowledged, for Node keeps back all that follows it until then, and the descriptor closed.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/io/channel_reader.h"
#include "daemon/io/loop.h"
#include "daemon/io/message_allowance.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class MessageChannel {
public:
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
    MessageChannel(Loop& loop, UniqueFd socket, Callbacks callbacks);
    void ready(int events);
    std::optional<std::string> read_some();
    bool hear_read();
    void watch();
    void take(ChannelReader::Heard heard);
    bool queue(std::string_view line);
    void write_some();

    Loop& loop_;
    UniqueFd socket_;
    Callbacks callbacks_;
    ChannelReader reader_;
    MessageAllowance allowance_;
    int left_ = 0;               // messages of this turn
    bool has_more_ = false;      // of what was read, some was not heard
    bool is_finishing_ = false;  // nothing is held back any more
    std::string unsent_;
    std::unique_ptr<Timer> resume_;  // null: it has never had to rest, as most
    std::optional<PollFd> poll_;     // after socket_: it must go first
};

}  // namespace kpm::io

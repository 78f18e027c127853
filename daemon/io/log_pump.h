#pragma once
// One output pipe of a process: read in large pieces, brought into the form in which it is stored, given to
// the session, which writes it. Driven by the log loop; one turn reads a bounded amount, so that a chatty app
// leaves the loop to the others.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/log_line.h"
#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class LogPump {
public:
    struct Callbacks {
        // Bytes in their stored form, good for the call only; `read` of them came out of the pipe.
        std::function<void(std::string_view text, std::size_t read, WallTime at)> on_output;
        // EOF or a read that failed, after the last line. The last call; the owner may destroy the pump in
        // it.
        std::function<void()> on_end;
    };

    // `buffer` is shared by all pumps of the loop and outlives them.
    static Result<std::unique_ptr<LogPump>> open(Loop& loop, UniqueFd pipe, core::LineStyle style,
                                                 std::span<char> buffer, Callbacks callbacks);
    LogPump(const LogPump&) = delete;
    LogPump& operator=(const LogPump&) = delete;

    // Reads what is in the pipe now, and stores an unterminated last line too. No more is read, on_end is not
    // called.
    void drain_and_close();

private:
    LogPump(UniqueFd pipe, core::LineStyle style, std::span<char> buffer, Callbacks callbacks)
        : pipe_(std::move(pipe)),
          style_(std::move(style)),
          buffer_(buffer),
          callbacks_(std::move(callbacks)) {}

    enum class Read { Some, Nothing, End };

    void ready();
    Read read_once();
    void store(std::string_view bytes);
    void finish();

    UniqueFd pipe_;
    core::LineStyle style_;
    std::span<char> buffer_;
    Callbacks callbacks_;
    core::LineAssembler lines_;
    std::string formatted_;
    std::optional<PollFd> poll_;  // after pipe_: it must go first
};

}  // namespace kpm::io

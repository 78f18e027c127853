#pragma once
// What is written to an app's stdin, in order and whole: what its pipe has no room for waits here until the
// app reads. Bounded, because an app may never read. Driven by the control loop; lives only as long as
// something waits. What a daemon that ends has not written is lost.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class InputQueue {
public:
    static constexpr std::size_t kMaxUnsent = std::size_t{8} << 20;  // bytes that wait

    // `pipe` does not block; `name` is its reader, for errors. on_done: what waited is written, or nobody
    // reads it any more. The last call; the owner may destroy the queue in it.
    static Result<std::unique_ptr<InputQueue>> open(Loop& loop, UniqueFd pipe, std::string name,
                                                    std::function<void()> on_done);

    // Never waits, and does not call on_done. All of the text is taken or, beyond the bound, nothing of it:
    // Unavailable.
    Result<void> write(std::string_view text);
    bool is_done() const { return sent_ == text_.size(); }

private:
    InputQueue(UniqueFd pipe, std::string name, std::function<void()> on_done);
    void ready();
    Result<void> write_some();

    UniqueFd pipe_;
    std::string name_;
    std::function<void()> on_done_;
    std::string text_;
    std::size_t sent_ = 0;        // of text_
    std::optional<PollFd> poll_;  // after pipe_: it must go first
};

}  // namespace kpm::io

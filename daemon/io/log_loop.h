#pragma once
// The log loop: a thread that copies what the apps write into their log files and to whoever follows. A full
// or slow disk stalls this thread only.
//
// The control thread calls; each call is a message to the log loop and returns at once, in order. The sink is
// called on the log loop's thread and must only post to the control loop.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/console_line.h"
#include "daemon/io/log_types.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// Makes the files of `targets`, and the folders they are in, so that a spawn can fail before the process is
// there. Runs on the caller's thread.
Result<void> prepare_log_files(const LogTargets& targets);

class LogLoop {
public:
    using Sink = std::function<void(LogEvent)>;

    explicit LogLoop(Sink sink, core::ConsoleShape console = core::ConsoleShape::None);
    // Stores what stands in the pipes, then stops the thread and closes everything.
    ~LogLoop();
    LogLoop(const LogLoop&) = delete;
    LogLoop& operator=(const LogLoop&) = delete;

    // The pipes are read ends (copies: the keeper holds them too); an empty one counts as being at EOF. Begins
    // with the next call of another function, or with wake(): many are started in one turn.
    void add_process(const LogSource& source, UniqueFd out, UniqueFd err, const LogTargets& targets);
    void wake();
    // A source ends by itself at EOF of both pipes, also long after its root process did. detach is for pipes
    // that a stray descendant holds open: stores what is in them now and lets go.
    void detach(const LogSource& source);

    // Opens the files again under their names, after someone has moved them (all, or those of one app).
    void reopen(std::optional<int> pm_id = std::nullopt);
    // A line for the console (console_log.h), between those of the apps.
    void print(std::string line);
    // Whether LogChunk events are wanted; off at the start, because they cost a copy.
    void set_following(bool following);

    // `answer` is called on the log loop's thread.
    void request_stats(std::function<void(std::vector<LogSourceStats>)> answer);

private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

}  // namespace kpm::io

#pragma once
// The output of one life of one process: its two pumps and the files that they fill. Lives on the log loop
// until both pipes have ended.

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "daemon/io/console_log.h"
#include "daemon/io/log_feed.h"
#include "daemon/io/log_file.h"
#include "daemon/io/log_pump.h"
#include "daemon/io/log_types.h"
#include "daemon/io/loop.h"
#include "daemon/io/open_log_files.h"

namespace kpm::io {

struct LogPipes {
    UniqueFd out;
    UniqueFd err;
};

class LogSession {
public:
    LogSession(LogSource source, const LogTargets& targets, LogFeed& feed, ConsoleLog& console,
               OpenLogFiles& open_files);
    ~LogSession();
    LogSession(const LogSession&) = delete;
    LogSession& operator=(const LogSession&) = delete;

    // `on_end` is the last call, after both pipes have ended; the owner may destroy the session in it. It
    // comes within this call when neither pipe is open.
    void start(Loop& loop, LogPipes pipes, const LogTargets& targets, std::span<char> buffer,
               std::function<void()> on_end);
    // Stores what is in the pipes now and closes them, without on_end.
    void drain_and_close();
    void reopen();

    const LogSource& source() const { return source_; }
    LogSourceStats stats() const;

private:
    // One of the two streams; the combined file belongs to both.
    struct Output {
        core::LogStream stream;
        std::optional<LogFile> file;
        std::unique_ptr<LogPump> pump;
        std::uint64_t missed = 0;  // by followers, since the last piece that they got
        std::string unfinished;    // not told to followers yet: half a character
        WallTime last{};           // when something came
        core::LineAssembler console_rest;
    };

    void open_pump(Output& output, UniqueFd pipe, Loop& loop, const LogTargets& targets,
                   std::span<char> buffer);
    void store(Output& output, std::string_view text, std::size_t read, WallTime at);
    void follow(Output& output, std::string_view text, WallTime at);
    void write(std::optional<LogFile>& file, std::string_view text);
    void tell(const LogFile& file, const LogFile::News& news);
    void finish(Output& output);
    void ended(Output& output);
    void tell_last_losses();

    LogSource source_;
    LogFeed& feed_;
    ConsoleLog& console_;
    OpenLogFiles& open_files_;
    bool disabled_;
    Output out_{.stream = core::LogStream::Out, .file = {}, .pump = {}};
    Output err_{.stream = core::LogStream::Err, .file = {}, .pump = {}};
    std::optional<LogFile> combined_;
    std::function<void()> on_end_;
    std::uint64_t read_ = 0;
    std::uint64_t missed_ = 0;
};

}  // namespace kpm::io

#pragma once
// The words that the control loop and the log loop exchange. Plain values.

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/log_line.h"
#include "daemon/io/app_file.h"

namespace kpm::io {

struct LogSource {
    int pm_id = 0;
    std::uint64_t incarnation = 0;
    std::string name;
    std::string name_space;
};

// Empty, "/dev/null" and "NULL" mean no file.
struct LogTargets {
    std::string out;
    std::string err;
    std::string combined;  // gets both
    core::LogFormat format = core::LogFormat::Raw;
    std::string date_format;  // dayjs tokens
    bool disabled = false;    // read and forget: no file, no followers
    FileOwner owner = {};     // as whom the files are opened
};

// A piece of output in the form in which it was stored (topics log:out and log:err).
struct LogChunk {
    LogSource source;
    core::LogStream stream = core::LogStream::Out;
    std::string text;
    WallTime at;
    std::uint64_t dropped = 0;  // bytes of this source that followers missed before this piece
    // Given back when the last copy dies: what is in flight to the control loop is bounded by it. Shared
    // because an event may be copied on its way through std::function.
    std::shared_ptr<const void> credit;
};
// A log file cannot be written, its bytes are dropped; said once per trouble.
struct LogWriteFailed {
    LogSource source;
    std::string path;
    std::string reason;  // cannot write '/var/log/a.log': No space left on device
};
// The trouble goes on: at each further try, and when the source ends in it, which ends the trouble.
struct LogWriteLost {
    LogSource source;
    std::string path;
    std::uint64_t dropped = 0;  // bytes since it began
    bool is_end = false;        // of the source
};
struct LogWriteRecovered {
    LogSource source;
    std::string path;
    std::uint64_t dropped = 0;  // bytes
};
// A pipe cannot be read: what its app writes to it is not stored. It counts as ended.
struct LogReadFailed {
    LogSource source;
    std::string reason;
};
// Both pipes have reached EOF or were let go, the last line is stored, the source is forgotten.
struct LogsEnded {
    LogSource source;
};
using LogEvent =
    std::variant<LogChunk, LogWriteFailed, LogWriteLost, LogWriteRecovered, LogReadFailed, LogsEnded>;

struct LogSourceStats {
    LogSource source;
    std::uint64_t read = 0;               // bytes
    std::uint64_t dropped_writes = 0;     // bytes that no file took
    std::uint64_t dropped_followers = 0;  // bytes that followers missed
};

}  // namespace kpm::io

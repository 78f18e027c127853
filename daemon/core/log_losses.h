#pragma once
// What an app's output has lost because its log files could not be written: what the daemon knows of it, for
// describe, doctor and jlist. Of this daemon's time only. Pure; fed by the log loop's events.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "ipc/base/json.h"

namespace kpm::core {

// News of one file of one process.
struct LogTrouble {
    std::uint64_t incarnation = 0;
    std::string path;
    std::string reason;         // cannot write '/var/log/a.log': No space left on device; "" = as before
    std::uint64_t dropped = 0;  // bytes since this trouble began
    bool is_over = false;       // it can be written again, or its process has ended
};

class LogLosses {
public:
    void note(const LogTrouble& news);

    std::uint64_t dropped() const;  // bytes, in all
    // {"dropped_bytes": 12, "failure": "cannot write …"}; without a failure when all files can be written.
    Json facts() const;

private:
    struct Open {
        std::string reason;
        std::uint64_t dropped = 0;
    };
    // By path and process: for a time two may write to one file.
    std::map<std::pair<std::string, std::uint64_t>, Open> open_;
    std::uint64_t over_ = 0;  // bytes of troubles that are over
};

}  // namespace kpm::core

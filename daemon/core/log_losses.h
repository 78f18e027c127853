#pragma once
// What an app's output has lost because its log files could not be written: what the daemon knows of it, for
// describe, doctor and jlist. Of this daemon's time only. Pure; fed by the log loop's events.

#include <cstdint>
#include <map>
#include <string>

#include "ipc/base/json.h"

namespace kpm::core {

// News of one file.
struct LogTrouble {
    std::string path;
    std::string reason;         // cannot write '/var/log/a.log': No space left on device; "" = as before
    std::uint64_t dropped = 0;  // bytes since this trouble began
    bool is_over = false;
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
    std::map<std::string, Open> open_;  // by path
    std::uint64_t over_ = 0;            // bytes of troubles that are over
};

}  // namespace kpm::core

#pragma once
// The processes that a command has started: waits until each is up, and tells of those that have died
// instead.
//
// The daemon's answer says that a program was executed. Most that cannot work end within the time that they
// need to start anyway, so that is how long is waited, and no longer: a process is up when it rests
// (rest_watch.h), or when it has lived for its min_uptime, its waits for a processor not counted. A later
// death is the restart policy's matter.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/rest_watch.h"
#include "ipc/base/json.h"

namespace kpm::cli {

struct Context;
struct ProcessRow;

class Launches {
public:
    Launches();

    // `answer`: PM2's process object, or a list of them. What has told that it is ready is not watched.
    void add(const Json& answer);
    // Waits for all that were added. False: one died with a failure, and that was said.
    bool settle(Context& context);
    // The same for the processes of one app; the others are waited for later.
    bool settle(Context& context, std::string_view app);
    bool is_waiting() const { return !open_.empty() || !dead_.empty(); }
    // Has any died so far?
    bool has_failed() const { return has_failed_; }

private:
    struct Launch {
        std::int64_t id = 0;
        pid_t pid = 0;
        std::string app;
        RestWatch::Clock::time_point begin;
        RestWatch::Clock::duration needed;  // to live from then on, without its waits for a processor
        RestWatch watch;
    };

    struct Dead {
        std::int64_t id = 0;
        pid_t pid = 0;  // 0: the daemon knows of its end
        std::string app;
    };

    static bool has_lived(const Launch& launch, RestWatch::Clock::time_point now);
    void wait(Context& context);
    void tell(Context& context, const std::vector<Dead>& dead);

    std::vector<Launch> open_;
    std::vector<Dead> dead_;
    std::int64_t since_;  // ms since 1970: what is older in a log has nothing to do with these
    bool has_failed_ = false;
};

// Why a process that has ended at once has failed; "" when it has not: it ended with 0, or with a code that
// its configuration calls an end (stop_exit_codes). Pure.
std::string failure_of(const ProcessRow& row);

}  // namespace kpm::cli

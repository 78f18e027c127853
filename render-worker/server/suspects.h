#pragma once
// Jobs that end workers ("poison"): a job over which a worker has ended, or that was called off at its
// deadline, may be tried once more, and is then refused for StrikeTable::kMemory. A job that is rendered well
// loses its strikes, so what a worker was doing when it was killed for another reason stays welcome.
//
// The workers of an app share what they know in a directory:
//   strikes        a StrikeTable, changed under an flock of its own
//   running.<pid>  the key of the job that this worker reads or renders, else empty; locked for as long as it
//   lives
// A note whose lock is free is a dead worker's last word. Whoever begins a job next turns it into a strike,
// so a crash counts although nobody was left to tell of it. Nothing here waits: a lock that is not to be had
// within some milliseconds (its owner is stopped) is done without.

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "render-worker/server/strike_table.h"

namespace kpm::render {

class Suspects {
public:
    static constexpr std::uint32_t kStrikesToRefuse = 2;

    // `directory` is made when it is not there; empty: this worker knows only of itself.
    explicit Suspects(std::string directory = {}, std::function<UnixTime()> now = system_time);
    ~Suspects();
    Suspects(const Suspects&) = delete;

    // Begins to share. Errors: the directory cannot be used; then it goes on alone.
    Result<void> open();

    // The render thread begins with a job; with the one before, if that has not ended, all went well. Errors:
    // Denied, it is refused. Else end() or strike() follow.
    Result<void> begin(JobKey key);
    // It has ended with an answer; `well`: with a sound.
    void end(bool well);
    // The job that runs has a strike more: how many it has. From any thread.
    std::uint32_t strike();
    // The worker is told to end: if it is killed over its last jobs, that is not their doing. From any
    // thread.
    void leave();

    static UnixTime system_time();

private:
    class Lock;

    void end_running(bool well);
    void note(std::string_view text);
    void collect_notes(UnixTime now);
    void read_table(UnixTime now);
    void write_table();

    const std::string directory_;
    const std::function<UnixTime()> now_;

    std::mutex mutex_;  // guards what follows
    StrikeTable table_;
    std::optional<JobKey> running_;
    bool was_struck_ = false;  // before it began
    bool is_leaving_ = false;
    UniqueFd strikes_;  // both none: alone
    UniqueFd note_;
};

// `directory` if that is not empty; else, under kpm, `$KPM_HOME/suspects/<the app's name>`; else empty.
std::string suspects_directory(const std::string& directory);

}  // namespace kpm::render

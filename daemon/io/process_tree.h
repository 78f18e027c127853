#pragma once
// Stops a whole tree of processes: everything in the session of its root, every descendant of those, and the
// sessions that these lead; also when the root is dead already. Each member is held by a pidfd whose process
// was checked after the opening, so that no signal can hit another process that got the same pid. The ends
// come from the pidfds; when all known members are gone a fresh scan looks for those that were forked
// meanwhile.
//
// What a scan cannot connect is not found: a process that both left the session and lost its parent
// beforehand.

#include <signal.h>

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "daemon/io/poll_fd.h"
#include "daemon/io/process_scan.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class TreeStop : private ScanListener {
public:
    // `done` comes once, from the loop, when no member is left; the TreeStop may be destroyed in it.
    TreeStop(Loop& loop, ProcessScanner& scanner, std::function<void()> done);
    ~TreeStop();
    TreeStop(const TreeStop&) = delete;
    TreeStop& operator=(const TreeStop&) = delete;

    // Signals all members in one of the next turns of the loop. `root_pidfd` (borrowed, for the call) may be
    // -1: then the root is taken to be dead and reaped.
    void begin(pid_t root, int root_pidfd, int signo);
    // Another signal to all that is left: SIGKILL after the deadline.
    void signal(int signo);
    void kill() { signal(SIGKILL); }

    std::size_t known_members() const { return members_.size(); }

private:
    struct Member {
        std::uint64_t start_ticks = 0;
        UniqueFd pidfd;
        std::optional<PollFd> poll;
        int signalled = 0;  // the last signal that it got
    };

    void scanned(const ProcessSnapshot& snapshot) override;
    void forget_foreign_sessions(const ProcessSnapshot& snapshot);
    std::vector<pid_t> find_members(const ProcessSnapshot& snapshot);  // deepest first
    void adopt(pid_t pid, const ProcessEntry& entry);
    void member_ended(pid_t pid);

    Loop& loop_;
    ProcessScanner& scanner_;
    std::function<void()> done_;
    int signo_ = 0;
    std::unordered_map<pid_t, Member> members_;
    // The sessions of the tree, with their leader's start; nullopt: that leader is dead.
    std::map<pid_t, std::optional<std::uint64_t>> sessions_;
    bool missed_one_ = false;  // a member that could not be held: looked for again after a pause
    Timer again_;
};

}  // namespace kpm::io

#pragma once
// Stops a whole tree of processes: everything in the session of its root, every descendant of those, and the
// sessions that these lead; also when the root is dead already. Each member is held by a pidfd whose process
// was checked after the opening, so that no signal can hit another process that got the same pid. The ends
// come from the pidfds; when all known members are gone a fresh scan looks for those that were forked
// meanwhile.
//
// The tree is walked from parent to child; processes that have lost their parent are looked for among the
// children of the adopter (kpm-keeper): by their session, or, when they have left that too (a daemon that has
// forked twice), by the mark in their environment. Only one that has cleared its environment as well is not
// found.

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
    // `mark`: of the orphans that belong to it, "" = none is looked for by its mark. `done` comes once, from
    // the loop, when no member is left; the TreeStop may be destroyed in it.
    TreeStop(Loop& loop, ProcessScanner& scanner, std::string mark, std::function<void()> done);
    ~TreeStop();
    TreeStop(const TreeStop&) = delete;
    TreeStop& operator=(const TreeStop&) = delete;

    // Signals all members in one of the next turns of the loop. `root_start`: the start_ticks of the root, so
    // that nobody else is taken for it; nullopt: it is dead and reaped.
    void begin(pid_t root, std::optional<std::uint64_t> root_start, int signo);
    // Beforehand: the caller will say when the root has ended, so that no descriptor is held for it. Most
    // trees are a root alone.
    void expect_root_end() { is_root_told_ = true; }
    void root_ended() { member_ended(root_); }
    // After expect_root_end(): the caller will not say it any more. At any time.
    void watch_root();
    // Another signal to all that is left: SIGKILL after the deadline.
    void signal(int signo);
    void kill() { signal(SIGKILL); }

    std::size_t known_members() const { return members_.size(); }

private:
    struct Member {
        std::uint64_t start_ticks = 0;
        UniqueFd pidfd;  // empty: the root of expect_root_end()
        std::optional<PollFd> poll;
        int signalled = 0;  // the last signal that it got
    };

    void scanned(ProcessLook& look) override;
    void forget_foreign_sessions(ProcessLook& look);
    std::vector<pid_t> find_members(ProcessLook& look);  // deepest first
    void adopt(pid_t pid, const ProcessEntry& entry);
    void signal(pid_t pid, Member& member);
    void member_ended(pid_t pid);

    Loop& loop_;
    ProcessScanner& scanner_;
    std::string mark_;
    std::function<void()> done_;
    int signo_ = 0;
    pid_t root_ = 0;
    bool is_root_told_ = false;
    int root_signalled_ = 0;  // before watch_root()
    std::unordered_map<pid_t, Member> members_;
    // The sessions of the tree, with their leader's start; nullopt: that leader is dead.
    std::map<pid_t, std::optional<std::uint64_t>> sessions_;
    bool is_last_look_ = false;  // the look that was asked for began after the end of all known members
    bool missed_one_ = false;    // a member that could not be held: looked for again after a pause
    Timer again_;
};

}  // namespace kpm::io

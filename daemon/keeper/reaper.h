#pragma once
// Collects the children that ended, at a cost per end that does not grow with their number. The keeper's loop
// drives it.
//
// Who ended is known by its pidfd or by SIGCHLD, which names one; others that end while it is pending do not
// make a signal of their own. What has no pidfd may be among them. Children that got none (descriptors were
// short) are asked for one by one, at once while that is quick, and not so often that it takes more than a
// small part of the time. Orphans are for the main thread (orphans.h), and asked for a little later: whoever
// waits for an app's end or its successor comes first.

#include <sys/wait.h>

#include <algorithm>
#include <cstdint>

#include "daemon/keeper/children.h"
#include "daemon/keeper/orphans.h"

namespace kpm::keeper {

struct Ended {
    pid_t pid = 0;
    int exit_code = -1;  // -1: by a signal
    int signal = 0;
};

// waitid for `which`, without waiting; P_ALL: a child of this thread. False: none has ended.
bool wait_for(idtype_t which, pid_t pid, Ended& ended);

class Reaper {
public:
    // After SIGCHLD with this pid, or its pidfd became readable: false when it is not to be collected (any
    // more).
    bool collect(pid_t pid, Ended& ended) { return wait_for(P_PID, pid, ended); }
    // After SIGCHLD: others may have ended too.
    void ask_for_others(const Children& children) {
        unwatched_.is_asked = children.unwatched() > 0;
        if (!orphans_.is_asked) orphans_ = {true, now() + kOrphanDelay};
    }

    // Milliseconds until collect_others() is due, for epoll_wait; -1: it is not asked for.
    int next_look() const;
    // All that have ended, each given to `use`, which may mark the child as ended.
    template <class Use>
    void collect_others(const Children& children, Orphans& orphans, Use use) {
        const std::int64_t begin = now();
        if (unwatched_.is_due(begin)) {
            collect_unwatched(children, use);
            unwatched_.rest(begin, now());
        }
        if (orphans_.is_due(begin)) {
            orphans_.is_asked = false;
            orphans.ask();
        }
    }

private:
    // A look takes a hundredth of the time; more on a machine so slow that whoever waits for an end would
    // wait for longer than this, in microseconds.
    static constexpr int kRest = 100;
    static constexpr std::int64_t kLongestWait = 100'000;
    static constexpr std::int64_t kOrphanDelay = 10'000;  // microseconds

    struct Look {
        bool is_asked = false;
        std::int64_t earliest = 0;

        bool is_due(std::int64_t time) const { return is_asked && time >= earliest; }
        void rest(std::int64_t begin, std::int64_t end) {
            is_asked = false;
            earliest = end + std::min((end - begin) * kRest, kLongestWait);
        }
    };

    template <class Use>
    static void collect_unwatched(const Children& children, Use use) {
        Ended ended;
        for (std::size_t i = 0; i < children.capacity(); ++i) {
            const Child* child = children.at(i);
            if (child && child->alive && !child->pidfd && wait_for(P_PID, child->pid, ended)) use(ended);
        }
    }

    static std::int64_t now();  // monotonic microseconds

    Look unwatched_, orphans_;
};

}  // namespace kpm::keeper

#pragma once
// Collects the children that ended, at a cost per end that does not grow with their number.
//
// Who ended is known by its pidfd or by SIGCHLD, which names one; others that end while it is pending do not
// make a signal of their own. What has no pidfd (an orphan, a child when descriptors were short) may be among
// them, and asking the kernel for "any" goes through the list of all: that look is taken at once while it is
// quick, and not so often that it takes more than a small part of the time.

#include <sys/wait.h>

#include <algorithm>
#include <cstdint>

#include "daemon/keeper/children.h"

namespace kpm::keeper {

struct Ended {
    pid_t pid = 0;
    int exit_code = -1;  // -1: by a signal
    int signal = 0;
};

class Reaper {
public:
    // After SIGCHLD with this pid, or its pidfd became readable: false when it is not to be collected (any
    // more).
    bool collect(pid_t pid, Ended& ended) { return wait_for(P_PID, pid, ended); }
    // After SIGCHLD: others may have ended too.
    void ask_for_others() { is_asked_ = true; }

    // Milliseconds until collect_others() is due, for epoll_wait; -1: it is not asked for.
    int next_look() const;
    // All that have ended, each given to `use`, which may mark the child as ended.
    template <class Use>
    void collect_others(const Children& children, Use use) {
        const std::int64_t begin = now();
        is_asked_ = false;
        Ended ended;
        int most = kOneByOne;
        while (most > 0 && wait_for(P_ALL, 0, ended)) {
            use(ended);
            --most;
        }
        if (most == 0) {  // many: by their pids, which costs one walk for all
            for (std::size_t i = 0; i < children.capacity(); ++i) {
                const Child* child = children.at(i);
                if (child && child->alive && wait_for(P_PID, child->pid, ended)) use(ended);
            }
            while (wait_for(P_ALL, 0, ended)) use(ended);
        }
        const std::int64_t end = now();
        earliest_ = end + std::min((end - begin) * kRest, kLongestRest);
    }

private:
    static constexpr int kOneByOne = 4;
    // The look at all takes a hundredth of the time; more on a machine so slow that whoever waits for an end
    // would wait for longer than this, in microseconds.
    static constexpr int kRest = 100;
    static constexpr std::int64_t kLongestRest = 100'000;

    static std::int64_t now();  // monotonic microseconds
    static bool wait_for(idtype_t which, pid_t pid, Ended& ended);

    bool is_asked_ = false;
    std::int64_t earliest_ = 0;
};

}  // namespace kpm::keeper

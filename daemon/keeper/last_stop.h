#pragma once
// The end of all children when no kpmd comes up to order it: SIGTERM to each and its process group, then
// SIGKILL. It knows nothing of stop signals, time limits or an order among apps, which are kpmd's.

#include "daemon/keeper/children.h"

namespace kpm::keeper {

class LastStop {
public:
    bool has_begun() const { return stage_ != Stage::None; }
    // Begins, or does what is due. True: nothing lives any more, or what does cannot be killed.
    bool go_on(const Children& children);
    // Milliseconds until go_on() has something to do, for epoll_wait.
    int next_step() const;

private:
    enum class Stage { None, Asked, Killed };

    Stage stage_ = Stage::None;
    std::int64_t due_ = 0;
};

}  // namespace kpm::keeper

#pragma once
// Takes connections off the listeners of one pool: in bursts, and with a pause when the process can take none
// (no descriptors, no memory), in which they wait in the kernel's backlog. On the data plane's loop.

#include <cstdint>
#include <functional>

#include "daemon/io/loop.h"
#include "daemon/io/timer.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class Acceptor {
public:
    struct Taken {
        UniqueFd socket;  // non-blocking, close-on-exec
        // A hash of its address without the port; 0 = it has none (unix), or was not asked for.
        std::uint64_t client = 0;
    };
    struct Callbacks {
        std::function<void(int error_number)> on_trouble;  // once, until an accept succeeds again
        std::function<void()> on_resume;                   // the pause is over
    };

    Acceptor(Loop& loop, Callbacks callbacks);

    // Gives away what waits on `listener`, one after the other, as long as `may_take` says so; in one call no
    // more than a turn of the loop should take.
    void take(int listener, bool asks_for_client, const std::function<bool()>& may_take,
              const std::function<void(Taken)>& give);
    bool is_pausing() const { return pause_.is_active(); }

private:
    void fail(int error_number);

    Callbacks callbacks_;
    Timer pause_;
    bool has_trouble_ = false;  // and has said so
};

}  // namespace kpm::io

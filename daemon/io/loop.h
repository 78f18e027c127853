#pragma once
// An event loop with one owner. All that is made on it must be gone (its closing begun) before it is.

#include <uv.h>

#include <memory>

namespace kpm::io {

class PollSet;

class Loop {
public:
    Loop();  // from then on the process ignores SIGPIPE
    // Runs until the handles that are closing have closed. A handle that nobody has closed is a broken
    // invariant: its type is printed and the process aborts.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    uv_loop_t* raw() { return &loop_; }
    PollSet& poll_set() { return *poll_set_; }

    // Waits for events and runs their callbacks, once. False: nothing is left that could ever happen.
    bool run_once();
    // The same without waiting.
    bool run_ready();
    // Until stop() or until nothing is left.
    void run();
    void stop();  // from one of the loop's callbacks; other threads push to an AsyncQueue

private:
    uv_loop_t loop_;
    std::unique_ptr<PollSet> poll_set_;
};

}  // namespace kpm::io

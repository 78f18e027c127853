#pragma once
// Collects the orphans that came to the keeper. That is all the main thread does: the keeper's loop runs on a
// thread of its own, because Linux keeps a list of children per thread. Those that the loop starts are on its
// thread's list, and orphans go to the first thread that lives (kernel/exit.c, find_new_reaper), which is the
// main one. So its /proc/PID/task/PID/children has orphans only (daemon/io/process_scan.h), and the kernel,
// asked for any child of this thread, goes through the orphans alone, however many apps there are.
//
// Nobody waits for an orphan's end: looks are taken so that they are a small part of the time.

#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

class Orphans {
public:
    int open();  // once; 0, or an errno

    // For the other thread: some may have ended.
    void ask() { post(asked_.get()); }
    void finish() { post(finished_.get()); }

    // For the main thread: until finish().
    void collect();

private:
    static void post(int event);
    bool is_finished_within(int milliseconds);

    UniqueFd asked_, finished_;  // eventfds
};

}  // namespace kpm::keeper

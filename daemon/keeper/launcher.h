#pragma once
// The thread that starts the apps, so that a start costs the same however many there are:
//
// - Linux keeps a list of children per thread. Those started here are this thread's, and orphans go to the
//   first thread that lives (kernel/exit.c, find_new_reaper), which is the main one: its
//   /proc/PID/task/PID/children is kpmd and orphans only (daemon/io/process_scan.h).
// - A process starts with a copy of its parent's descriptor table, and exec goes through it. This thread
//   has a table of its own, almost empty; what a child inherits comes in a packet.

#include <pthread.h>

#include "daemon/keeper/launch.h"

namespace kpm::keeper {

class Launcher {
public:
    Launcher() = default;
    ~Launcher();
    Launcher(const Launcher&) = delete;
    Launcher& operator=(const Launcher&) = delete;

    int start();  // once, after the last fork of the process; 0, or an errno
    // keeper::launch on that thread; returns when it has.
    Launched launch(const LaunchPlan& plan);

private:
    static void* run(void* launcher);
    int take_own_descriptors();
    void serve();

    bool is_started_ = false;
    pthread_t thread_{};
    UniqueFd socket_;         // the main thread's end
    int thread_socket_ = -1;  // in the other table
};

}  // namespace kpm::keeper

#pragma once
// The thread that starts the apps. Linux keeps a list of children per thread: those started here are this
// thread's, and orphans go to the first thread that lives (kernel/exit.c, find_new_reaper), which is the main
// one. So /proc/PID/task/PID/children of the keeper names kpmd and orphans only, and who looks for orphans
// (daemon/io/process_scan.h) does not pay for each app there is.

#include <pthread.h>
#include <semaphore.h>

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

    bool is_started_ = false;
    pthread_t thread_{};
    sem_t asked_{};
    sem_t done_{};
    const LaunchPlan* plan_ = nullptr;  // null: end
    Launched launched_;
};

}  // namespace kpm::keeper

#pragma once
// Starts one process: clone (sharing memory and descriptors, so that its cost does not depend on ours and the
// failed step comes back in a variable) and exec. All steps between are named by SpawnStage, in its order.
// The caller goes on while the child takes them: several launches may be under way.

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "daemon/keeper/keeper_protocol.h"
#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

struct LaunchPlan {
    const char* path = nullptr;  // absolute
    const char* cwd = "";        // "" = the keeper's
    char* const* argv = nullptr;
    char* const* envp = nullptr;
    char** pid_variables[kPidVariableCount] =
        {};  // the places in envp that hold kPidVariables; nullptr = none
    const UniqueFd* fds = nullptr;
    const std::int32_t* fd_targets = nullptr;  // any order, also where fds and targets overlap
    std::uint32_t fd_count = 0;
    const SpawnLimit* limits = nullptr;
    std::uint32_t limit_count = 0;
    std::uint32_t uid = kNoId;
    std::uint32_t gid = kNoId;
    const gid_t* groups = nullptr;  // set when uid or gid is
    std::uint32_t group_count = 0;
    std::uint32_t umask = kNoId;
    int parent_death_signal = 0;
    sigset_t blocked_signals{};
};

struct Launched {
    pid_t pid = -1;  // -1: failed, see stage and error
    SpawnStage stage = SpawnStage::Fork;
    int error = 0;
};

// Once, before the process has a second thread and the first launch.
void prepare_launches();

class Launch {
public:
    Launch() = default;
    Launch(const Launch&) = delete;
    Launch& operator=(const Launch&) = delete;

    // The plan, and all that it points to, has to stay as it is until finish().
    void begin(const LaunchPlan& plan);
    // Waits until the child runs its program, or has failed and is gone.
    Launched finish();

private:
    static int run_child(void* launch);
    void become();

    static constexpr std::size_t kStackSize = 32 * 1024;

    const LaunchPlan* plan_ = nullptr;
    pid_t keeper_ = 0;
    pid_t pid_ = -1;
    // The child's to write, until it is gone from this memory.
    SpawnStage stage_ = SpawnStage::Fork;
    int error_ = 0;
    int is_in_memory_ = 0;  // a futex: the kernel sets it to 0 and wakes who waits (CLONE_CHILD_CLEARTID)
    alignas(16) char stack_[kStackSize];
};

// Both in one.
Launched launch(const LaunchPlan& plan);

}  // namespace kpm::keeper

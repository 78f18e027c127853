#pragma once
// Starts one process: clone (sharing memory and descriptors, so that its cost does not depend on ours and the
// failed step comes back in a variable) and exec. All steps between are named by SpawnStage, in its order.

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
Launched launch(const LaunchPlan& plan);

}  // namespace kpm::keeper

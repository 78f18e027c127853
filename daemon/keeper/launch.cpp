#include "daemon/keeper/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <string_view>

#include "daemon/keeper/raw_call.h"

// The child runs beside the keeper in the keeper's memory, on a stack that AddressSanitizer does not know,
// and never returns: it makes raw calls only.
#define KPM_IN_CHILD __attribute__((no_sanitize_address, noinline))

namespace kpm::keeper {
namespace {

constexpr std::size_t kPidTextSize = 32;  // name, '=', ten digits and a NUL
static_assert(std::string_view(kPidVariables[0]).size() + 11 <= kPidTextSize);
static_assert(std::string_view(kPidVariables[1]).size() + 11 <= kPidTextSize);

constexpr std::size_t kSignalSetSize = 8;  // the kernel's sigset_t

// What the kernel's rt_sigaction takes, all of it zero: SIG_DFL.
struct DefaultAction {
    unsigned long words[4] = {};
};

// Can a child that shares the keeper's table make a copy of a part of it? Else it begins with one of the
// whole.
bool shares_table = false;

// Does the kernel clear is_in_memory_ at an exec, as Linux does (kernel/fork.c, mm_release)? gVisor does so
// only at an exit. Until the first launch has shown it, and where errno is shared, the keeper waits in clone.
bool tells_exec = false;

// The table is the keeper's until now: a copy of it, up to what is inherited. What the keeper has above is
// neither copied nor closed.
KPM_IN_CHILD long own_table(const LaunchPlan& plan) {
    int end = STDERR_FILENO + 1;
    for (std::uint32_t i = 0; i < plan.fd_count; ++i)
        if (plan.fds[i].get() >= end) end = plan.fds[i].get() + 1;
    return raw_call(SYS_close_range, end, ~0u, CLOSE_RANGE_UNSHARE);
}

KPM_IN_CHILD long place_fds(const LaunchPlan& plan) {
    int moved[kMaxSpecFds];
    int above = 3;
    for (std::uint32_t i = 0; i < plan.fd_count; ++i)
        if (plan.fd_targets[i] >= above) above = plan.fd_targets[i] + 1;
    for (std::uint32_t i = 0; i < plan.fd_count; ++i) {
        const long fd = raw_call(SYS_fcntl, plan.fds[i].get(), F_DUPFD_CLOEXEC, above);
        if (fd < 0) return fd;
        moved[i] = static_cast<int>(fd);
    }
    // All that is the keeper's closes itself; its own stdio must be told so. A kernel without the flag has no
    // more.
    if (raw_call(SYS_close_range, 0, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        for (int fd = 0; fd < 3; ++fd) raw_call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
    for (std::uint32_t i = 0; i < plan.fd_count; ++i) {
        // Never one and the same: it was moved above all targets.
        const long placed = raw_call(SYS_dup3, moved[i], plan.fd_targets[i], 0);
        if (placed < 0) return placed;
    }
    return 0;
}

KPM_IN_CHILD long set_limits(const LaunchPlan& plan) {
    for (std::uint32_t i = 0; i < plan.limit_count; ++i) {
        const rlimit64 limit{plan.limits[i].soft, plan.limits[i].hard};
        const long set = raw_call(SYS_prlimit64, 0, plan.limits[i].resource, &limit, 0);
        if (set < 0) return set;
    }
    return 0;
}

// `place`, which holds "NAME=", gets it with the caller's pid, written to `text`.
KPM_IN_CHILD void put_pid(char** place, char (&text)[kPidTextSize]) {
    char* at = text + kPidTextSize;
    *--at = '\0';
    for (long pid = raw_call(SYS_getpid); pid > 0; pid /= 10) *--at = static_cast<char>('0' + pid % 10);
    std::size_t size = 0;
    while ((*place)[size] != '\0') ++size;
    while (size > 0) *--at = (*place)[--size];
    *place = at;
}

}  // namespace

// Returns only when a step failed: stage_ and error_ tell which.
KPM_IN_CHILD void Launch::become() {
    const LaunchPlan& plan = *plan_;
    const auto fails = [this](SpawnStage stage, long result) __attribute__((always_inline)) {
        if (result >= 0) return false;
        stage_ = stage;
        error_ = static_cast<int>(-result);
        return true;
    };
    // The kernel drops handlers at exec, but not what is ignored: the keeper ignores SIGPIPE only.
    const DefaultAction action;
    raw_call(SYS_rt_sigaction, SIGPIPE, &action, 0, kSignalSetSize);

    if (fails(SpawnStage::Session, raw_call(SYS_setsid))) return;
    if (shares_table && fails(SpawnStage::Stdio, own_table(plan))) return;
    if (fails(SpawnStage::Stdio, place_fds(plan))) return;

    if (plan.umask != kNoId) raw_call(SYS_umask, plan.umask);
    if (fails(SpawnStage::Limits, set_limits(plan))) return;

    const bool changes_identity = plan.uid != kNoId || plan.gid != kNoId;
    if (changes_identity && fails(SpawnStage::Groups, raw_call(SYS_setgroups, plan.group_count, plan.groups)))
        return;
    if (plan.gid != kNoId && fails(SpawnStage::Group, raw_call(SYS_setgid, plan.gid))) return;
    if (plan.uid != kNoId && fails(SpawnStage::User, raw_call(SYS_setuid, plan.uid))) return;

    if (plan.cwd[0] != '\0' && fails(SpawnStage::Directory, raw_call(SYS_chdir, plan.cwd))) return;

    if (plan.parent_death_signal != 0) {
        // A change of user clears it, so it comes late.
        raw_call(SYS_prctl, PR_SET_PDEATHSIG, plan.parent_death_signal);
        if (raw_call(SYS_getppid) != keeper_) raw_call(SYS_exit_group, 1);
    }
    char pid_texts[kPidVariableCount][kPidTextSize];
    for (std::size_t i = 0; i < kPidVariableCount; ++i)
        if (plan.pid_variables[i]) put_pid(plan.pid_variables[i], pid_texts[i]);
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &plan.blocked_signals, 0, kSignalSetSize);
    fails(SpawnStage::Exec, raw_call(SYS_execve, plan.path, plan.argv, plan.envp));
}

KPM_IN_CHILD int Launch::run_child(void* launch) {
    static_cast<Launch*>(launch)->become();
    for (;;) raw_call(SYS_exit_group, 127);
}

void Launch::begin(const LaunchPlan& plan) {
    plan_ = &plan;
    keeper_ = ::getpid();
    stage_ = SpawnStage::Fork;
    error_ = 0;
    is_in_memory_ = 1;
    const bool waits = !kLeavesErrno || !tells_exec;
    const int flags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | (shares_table ? CLONE_FILES : 0) |
                      (waits ? CLONE_VFORK : 0);
    pid_ = ::clone(&Launch::run_child, stack_ + kStackSize, flags, this, nullptr, nullptr, &is_in_memory_);
    if (pid_ < 0) error_ = errno;
    if (!waits) return;
    tells_exec = error_ == 0 && is_in_memory_ == 0;
    is_in_memory_ = 0;
}

Launched Launch::finish() {
    if (pid_ < 0) return {-1, stage_, error_};
    while (__atomic_load_n(&is_in_memory_, __ATOMIC_ACQUIRE) != 0)
        ::syscall(SYS_futex, &is_in_memory_, FUTEX_WAIT, 1, nullptr);
    if (error_ == 0) return {pid_, stage_, 0};
    ::waitpid(pid_, nullptr, 0);
    return {-1, stage_, error_};
}

void prepare_launches() {
    // Not before Linux 5.9, and not where a container's engine refuses calls that it does not know.
    // unshare(2) would do the same, but an engine refuses it to all who are no administrators.
    shares_table = ::close_range(~0u, ~0u, CLOSE_RANGE_UNSHARE) == 0;
    // Room for two hundred apps' descriptors: once there is a second thread the kernel waits each time that
    // the table grows until no processor looks at the old one, which takes milliseconds.
    const UniqueFd high{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 1023)};
}

Launched launch(const LaunchPlan& plan) {
    static Launch one;  // of the daemon: there is one at a time
    one.begin(plan);
    return one.finish();
}

}  // namespace kpm::keeper

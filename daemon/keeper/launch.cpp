#include "daemon/keeper/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <string_view>

// The child runs on a stack that AddressSanitizer does not know and never returns from.
#define KPM_IN_CHILD __attribute__((no_sanitize_address, noinline))

namespace kpm::keeper {
namespace {

constexpr std::size_t kStackSize = 32 * 1024;
constexpr std::size_t kPidTextSize = 32;  // name, '=', ten digits and a NUL
static_assert(std::string_view(kPidVariables[0]).size() + 11 <= kPidTextSize);
static_assert(std::string_view(kPidVariables[1]).size() + 11 <= kPidTextSize);

// Can a child that shares the keeper's table make a copy of a part of it? Else it begins with one of the
// whole.
bool shares_table = false;

// Shared by the keeper and the child, which runs while the keeper waits in clone.
struct Attempt {
    const LaunchPlan* plan;
    pid_t parent;
    SpawnStage stage;
    int error;
};

// The table is the keeper's until now: a copy of it, up to what is inherited. What the keeper has above is
// neither copied nor closed.
KPM_IN_CHILD bool own_table(const LaunchPlan& plan) {
    int end = STDERR_FILENO + 1;
    for (std::uint32_t i = 0; i < plan.fd_count; ++i)
        if (plan.fds[i].get() >= end) end = plan.fds[i].get() + 1;
    return ::close_range(static_cast<unsigned>(end), ~0u, CLOSE_RANGE_UNSHARE) == 0;
}

KPM_IN_CHILD bool place_fds(const LaunchPlan& plan) {
    int moved[kMaxSpecFds];
    int above = 3;
    for (std::uint32_t i = 0; i < plan.fd_count; ++i)
        if (plan.fd_targets[i] >= above) above = plan.fd_targets[i] + 1;
    for (std::uint32_t i = 0; i < plan.fd_count; ++i) {
        moved[i] = ::fcntl(plan.fds[i].get(), F_DUPFD_CLOEXEC, above);
        if (moved[i] < 0) return false;
    }
    // All that is the keeper's closes itself; its own stdio must be told so. A kernel without the flag has no
    // more.
    if (::close_range(0, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        for (int fd = 0; fd < 3; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (std::uint32_t i = 0; i < plan.fd_count; ++i)
        if (::dup2(moved[i], plan.fd_targets[i]) < 0) return false;
    return true;
}

KPM_IN_CHILD bool set_limits(const LaunchPlan& plan) {
    for (std::uint32_t i = 0; i < plan.limit_count; ++i) {
        const rlimit limit{plan.limits[i].soft, plan.limits[i].hard};
        if (::setrlimit(static_cast<__rlimit_resource>(plan.limits[i].resource), &limit) < 0) return false;
    }
    return true;
}

// `place`, which holds "NAME=", gets it with the caller's pid, written to `text`. By hand: stdio may take
// locks that the keeper shares.
KPM_IN_CHILD void put_pid(char** place, char (&text)[kPidTextSize]) {
    char* at = text + kPidTextSize;
    *--at = '\0';
    for (pid_t pid = ::getpid(); pid > 0; pid /= 10) *--at = static_cast<char>('0' + pid % 10);
    std::size_t size = 0;
    while ((*place)[size] != '\0') ++size;
    while (size > 0) *--at = (*place)[--size];
    *place = at;
}

// Returns only when a step failed: that is then in attempt.stage, its reason in errno.
KPM_IN_CHILD void become(Attempt& attempt) {
    const LaunchPlan& plan = *attempt.plan;
    // The kernel drops handlers at exec, but not what is ignored: the keeper ignores SIGPIPE only.
    ::signal(SIGPIPE, SIG_DFL);

    attempt.stage = SpawnStage::Session;
    if (::setsid() < 0) return;

    attempt.stage = SpawnStage::Stdio;
    if ((shares_table && !own_table(plan)) || !place_fds(plan)) return;

    attempt.stage = SpawnStage::Limits;
    if (plan.umask != kNoId) ::umask(static_cast<mode_t>(plan.umask));
    if (!set_limits(plan)) return;

    attempt.stage = SpawnStage::Groups;
    if ((plan.uid != kNoId || plan.gid != kNoId) && ::setgroups(plan.group_count, plan.groups) < 0) return;
    attempt.stage = SpawnStage::Group;
    if (plan.gid != kNoId && ::setgid(plan.gid) < 0) return;
    attempt.stage = SpawnStage::User;
    if (plan.uid != kNoId && ::setuid(plan.uid) < 0) return;

    attempt.stage = SpawnStage::Directory;
    if (plan.cwd[0] && ::chdir(plan.cwd) < 0) return;

    attempt.stage = SpawnStage::Exec;
    if (plan.parent_death_signal) {
        ::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal);  // a change of user clears it, so it comes late
        if (::getppid() != attempt.parent) ::_exit(1);
    }
    char pid_texts[kPidVariableCount][kPidTextSize];
    for (std::size_t i = 0; i < kPidVariableCount; ++i)
        if (plan.pid_variables[i]) put_pid(plan.pid_variables[i], pid_texts[i]);
    ::sigprocmask(SIG_SETMASK, &plan.blocked_signals, nullptr);
    ::execve(plan.path, plan.argv, plan.envp);
}

KPM_IN_CHILD int child_main(void* argument) {
    Attempt& attempt = *static_cast<Attempt*>(argument);
    become(attempt);
    attempt.error = errno;
    ::_exit(127);
}

}  // namespace

void prepare_launches() {
    // Not before Linux 5.9, and not where a container's engine refuses calls that it does not know.
    // unshare(2) would do the same, but an engine refuses it to all who are no administrators.
    shares_table = ::close_range(~0u, ~0u, CLOSE_RANGE_UNSHARE) == 0;
    // Room for two hundred apps' descriptors: once there is a second thread the kernel waits each time that
    // the table grows until no processor looks at the old one, which takes milliseconds.
    const UniqueFd high{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 1023)};
}

Launched launch(const LaunchPlan& plan) {
    alignas(16) static char stack[kStackSize];
    Attempt attempt{&plan, ::getpid(), SpawnStage::Fork, 0};
    Launched launched;
    const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (shares_table ? CLONE_FILES : 0);
    launched.pid = ::clone(child_main, stack + kStackSize, flags, &attempt);
    if (launched.pid < 0) {
        launched.error = errno;
    } else if (attempt.error) {
        ::waitpid(launched.pid, nullptr, 0);
        launched = {-1, attempt.stage, attempt.error};
    }
    return launched;
}

}  // namespace kpm::keeper

#include "daemon/keeper/daemon_process.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon/keeper/clock.h"

namespace kpm::keeper {
namespace {

constexpr std::int64_t kEarlyDeath = 10'000;  // milliseconds
constexpr int kHopeless = 5;                  // early deaths in a row
constexpr std::int64_t kFirstDelay = 50;
constexpr std::int64_t kLongestDelay = 5'000;
constexpr std::int32_t kLinkTarget = 3;
constexpr std::int32_t kReadyTarget = 4;

}  // namespace

UniqueFd DaemonProcess::start(UniqueFd ready) {
    started_ = now();
    ++start_count_;
    launched_ = {};
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        launched_.error = errno;
        mark_exited();
        return UniqueFd{};
    }
    UniqueFd ours{ends[0]};
    UniqueFd fds[5];
    for (int i = 0; i < 3; ++i) fds[i].reset(::fcntl(i, F_DUPFD_CLOEXEC, 3));
    fds[kLinkTarget].reset(ends[1]);
    fds[kReadyTarget] = std::move(ready);
    return start_with(fds, std::move(ours));
}

UniqueFd DaemonProcess::start_with(UniqueFd (&fds)[5], UniqueFd ours) {
    char link_variable[32];
    char ready_variable[32];
    std::snprintf(link_variable, sizeof link_variable, "%s=%d", kFdVariable, kLinkTarget);
    std::snprintf(ready_variable, sizeof ready_variable, "%s=%d", kReadyFdVariable, kReadyTarget);
    std::size_t count = 0;
    while (::environ[count]) ++count;
    auto** environment = static_cast<char**>(std::calloc(count + 3, sizeof(char*)));
    if (!environment) {
        launched_.error = ENOMEM;
        mark_exited();
        return UniqueFd{};
    }
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i)
        if (std::strncmp(::environ[i], "KPM_KEEPER_FD=", 14) != 0) environment[used++] = ::environ[i];
    environment[used++] = link_variable;
    if (fds[kReadyTarget]) environment[used++] = ready_variable;

    char* const arguments[] = {const_cast<char*>("kpmd"), const_cast<char*>("--home"),
                               const_cast<char*>(options_.home), nullptr};
    constexpr std::int32_t kTargets[] = {0, 1, 2, kLinkTarget, kReadyTarget};
    LaunchPlan plan;
    plan.path = options_.daemon;
    plan.argv = arguments;
    plan.envp = environment;
    plan.fds = fds;
    plan.fd_targets = kTargets;
    plan.fd_count = fds[kReadyTarget] ? 5 : 4;
    // Without its keeper kpmd is of no use, but it can still stop the apps: it is asked to, not killed.
    plan.parent_death_signal = SIGTERM;
    ::sigemptyset(&plan.blocked_signals);
    for (const int signo : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) ::sigaddset(&plan.blocked_signals, signo);
    launched_ = launch(plan);
    std::free(environment);
    if (launched_.pid < 0) {
        mark_exited();
        ours.reset();
    }
    return ours;
}

void DaemonProcess::signal(int signo) {
    if (launched_.pid > 0) ::kill(launched_.pid, signo);  // ours and not reaped: the pid cannot be another's
}

void DaemonProcess::mark_exited() {
    launched_.pid = -1;
    early_deaths_ = now() - started_ < kEarlyDeath ? early_deaths_ + 1 : 1;
    std::int64_t delay = early_deaths_ == 1 ? 0 : kFirstDelay;
    for (int i = 2; i < early_deaths_ && delay < kLongestDelay; ++i) delay *= 2;
    due_ = now() + (delay < kLongestDelay ? delay : kLongestDelay);
}

bool DaemonProcess::is_hopeless() const {
    return launched_.pid < 0 && early_deaths_ >= kHopeless;
}

int DaemonProcess::next_start() const {
    if (launched_.pid > 0) return -1;
    const std::int64_t wait = due_ - now();
    return wait > 0 ? static_cast<int>(wait) : 0;
}

}  // namespace kpm::keeper

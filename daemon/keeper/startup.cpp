#include "daemon/keeper/startup.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace kpm::keeper {
namespace {

constexpr int kInheritedAtMost = 4096;
constexpr rlim_t kFileLimit = 1 << 20;  // what the kernel allows a process unless it was told otherwise

// Both live as long as the process: never freed.
const char* absolute(const char* path) {
    char here[PATH_MAX];
    if (path[0] == '/') return path;
    if (!::getcwd(here, sizeof here)) return nullptr;
    char* joined = nullptr;
    return ::asprintf(&joined, "%s/%s", here, path) < 0 ? nullptr : joined;
}

bool path_in_home(const Options& options, const char* name, char (&path)[PATH_MAX]) {
    const int length = std::snprintf(path, sizeof path, "%s/%s", options.home, name);
    return length > 0 && static_cast<std::size_t>(length) < sizeof path;
}

void close_all(int first, int last) {
    if (::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0) == 0) return;
    // Linux before 5.9, or a container's engine that does not know the call: as far as starters go.
    for (int fd = first; fd <= last && fd < kInheritedAtMost; ++fd) ::close(fd);
}

}  // namespace

bool parse_options(int argc, char** argv, Options& options) {
    bool understood = true;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--foreground") == 0)
            options.foreground = true;
        else if (std::strcmp(argv[i], "--home") == 0 && i + 1 < argc)
            options.home = absolute(argv[++i]);
        else if (std::strcmp(argv[i], "--daemon") == 0 && i + 1 < argc)
            options.daemon = absolute(argv[++i]);
        else
            understood = false;
    }
    if (understood && options.home && options.daemon) return true;
    log_line("usage: kpm-keeper --home DIR --daemon PATH_TO_KPMD [--foreground]");
    return false;
}

UniqueFd lock_home(const Options& options, ReadyRelay& relay) {
    char path[PATH_MAX];
    errno = ENAMETOOLONG;
    UniqueFd lock{path_in_home(options, "kpm.lock", path) ? ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)
                                                          : -1};
    if (!lock) {
        relay.fail("cannot open '%s/kpm.lock': %s", options.home, std::strerror(errno));
    } else if (::flock(lock.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            relay.fail("a daemon already runs in '%s'", options.home);
        else
            relay.fail("cannot lock '%s': %s", path, std::strerror(errno));
        lock.reset();
    }
    return lock;
}

rlimit prepare_process(int keep_fd) {
    while (true) {
        const int fd = ::open("/dev/null", O_RDWR);
        if (fd > STDERR_FILENO) ::close(fd);
        if (fd < 0 || fd > STDERR_FILENO) break;
    }
    if (keep_fd > 3) close_all(3, keep_fd - 1);
    close_all(keep_fd >= 3 ? keep_fd + 1 : 3, INT_MAX);

    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    // By the system call: glibc's signal() refuses its own two, which a posix_spawn (make's, for one) leaves
    // ignored.
    const unsigned long default_action[4] = {};  // struct kernel_sigaction: SIG_DFL, no flags, no mask
    for (int signo = 1; signo < NSIG; ++signo)
        ::syscall(SYS_rt_sigaction, signo, default_action, nullptr, NSIG / 8);
    ::signal(SIGPIPE, SIG_IGN);
    ::prctl(PR_SET_NAME, "kpm-keeper");

    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    // Ten thousand apps take a hundred thousand descriptors. Only root may go beyond the hard limit.
    const rlimit enough{kFileLimit, kFileLimit};
    const rlimit allowed{before.rlim_max, before.rlim_max};
    if (before.rlim_max >= kFileLimit || ::setrlimit(RLIMIT_NOFILE, &enough) != 0)
        ::setrlimit(RLIMIT_NOFILE, &allowed);
    return before;
}

bool go_to_background(const Options& options, ReadyRelay& relay) {
    char path[PATH_MAX];
    errno = ENAMETOOLONG;
    const UniqueFd log{path_in_home(options, "pm2.log", path)
                           ? ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640)
                           : -1};
    const UniqueFd nothing{::open("/dev/null", O_RDWR | O_CLOEXEC)};
    if (!log || !nothing) {
        relay.fail("cannot open '%s': %s", log ? "/dev/null" : path, std::strerror(errno));
        return false;
    }
    for (int step = 0; step < 2; ++step) {
        const pid_t pid = ::fork();
        if (pid < 0) {
            relay.fail("cannot fork: %s", std::strerror(errno));
            return false;
        }
        if (pid > 0) ::_exit(0);
        if (step == 0) ::setsid();
    }
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(log.get(), STDOUT_FILENO);
    ::dup2(log.get(), STDERR_FILENO);
    return ::chdir("/") == 0;
}

}  // namespace kpm::keeper

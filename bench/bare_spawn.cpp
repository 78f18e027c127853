// The rival without a manager: what fork and exec cost by themselves on this machine.
//   bare_spawn start N PROGRAM ARGS…    milliseconds until all N have exec'ed; they are ended afterwards
//   bare_spawn crash STAMPER FILE S     milliseconds from a child's death by SIGKILL, S seconds after its start,
//                                       to its successor's first instruction; STAMPER is exec_stamp, which
//                                       writes that time to FILE
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

long long now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// `exec_pipe`: closed by the exec.
pid_t spawn(char* const* argv, const int (&exec_pipe)[2]) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::close(exec_pipe[0]);
    ::setsid();
    ::execv(argv[0], argv);
    ::_exit(127);
}

void kill_all(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
}

int start(int count, char* const* argv) {
    int exec_pipe[2];
    if (::pipe2(exec_pipe, O_CLOEXEC) != 0) return 1;
    const long long begin = now_ns();
    std::vector<pid_t> pids;
    for (int i = 0; i < count; ++i) pids.push_back(spawn(argv, exec_pipe));
    ::close(exec_pipe[1]);
    char byte;
    const bool all = ::read(exec_pipe[0], &byte, 1) == 0;
    std::printf("%.3f\n", static_cast<double>(now_ns() - begin) / 1e6);
    kill_all(pids);
    return all ? 0 : 1;
}

// The newest line's time; 0 = there are fewer lines than `count`.
long long stamp(const char* path, int count) {
    std::FILE* file = std::fopen(path, "re");
    long long time = 0;
    int pid = 0, lines = 0;
    while (file && std::fscanf(file, "%d %lld\n", &pid, &time) == 2) ++lines;
    if (file) std::fclose(file);
    return lines >= count ? time : 0;
}

long long wait_for_stamp(const char* path, int count) {
    for (int i = 0; i < 10000; ++i) {
        if (const long long time = stamp(path, count)) return time;
        ::usleep(500);
    }
    return 0;
}

int crash(char* stamper, char* path, double uptime) {
    char* const argv[] = {stamper, path, nullptr};
    int exec_pipe[2];
    if (::pipe2(exec_pipe, O_CLOEXEC) != 0) return 1;
    const pid_t first = spawn(argv, exec_pipe);
    if (wait_for_stamp(path, 1) == 0) return 1;
    ::usleep(static_cast<useconds_t>(uptime * 1e6));
    const long long killed = now_ns();
    ::kill(first, SIGKILL);
    ::waitpid(first, nullptr, 0);
    const pid_t second = spawn(argv, exec_pipe);
    const long long began = wait_for_stamp(path, 2);
    kill_all({second});
    if (began == 0) return 1;
    std::printf("%.3f\n", static_cast<double>(began - killed) / 1e6);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc >= 4 && std::strcmp(argv[1], "start") == 0) return start(std::atoi(argv[2]), argv + 3);
    if (argc == 5 && std::strcmp(argv[1], "crash") == 0) return crash(argv[2], argv[3], std::atof(argv[4]));
    std::fprintf(stderr, "usage: bare_spawn start N PROGRAM ARGS... | bare_spawn crash STAMPER FILE SECONDS\n");
    return 2;
}

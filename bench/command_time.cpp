// What a command costs a shell that waits for it, without the time that Python takes to start it, and the
// least that it could cost. Prints milliseconds, a line for each of N times:
//
//   command_time run N PROGRAM ARGS…   from fork to its end; output goes to /dev/null
//   command_time least N SOCKET        the same of /bin/true, plus an answer on kpmd's rpc.sock
//   command_time life N PROGRAM ARGS…  of a process without a manager, two numbers:
//                                      from fork until it rests (sleeps for the first time after its exec),
//                                      from SIGINT to its end
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

double now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

bool run(char* const* argv) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    int status = -1;
    const bool is_good = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv, environ) == 0 &&
                         ::waitpid(pid, &status, 0) == pid && status == 0;
    posix_spawn_file_actions_destroy(&actions);
    return is_good;
}

// A frame of PM2's protocol: a request, and whatever comes back in one piece.
bool ask(const char* path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    constexpr char kPing[] =
        "\x12\0\0\0\x2dj:{\"type\":\"call\",\"method\":\"ping\",\"args\":[{}]}\0\0\0\x05s:1:1";
    char answer[256];
    const bool is_good =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(socket, kPing, sizeof kPing - 1, MSG_NOSIGNAL) == sizeof kPing - 1 &&
        ::recv(socket, answer, sizeof answer, 0) > 0;
    ::close(socket);
    return is_good;
}

// The state letter of /proc/PID/stat: behind the name, which may hold anything but ends with the last ')'.
char state_of(pid_t pid) {
    char path[64], text[1024];
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = file < 0 ? -1 : ::read(file, text, sizeof text - 1);
    ::close(file);
    if (size <= 0) return 'X';
    text[size] = '\0';
    const char* end = std::strrchr(text, ')');
    return end != nullptr && end[1] == ' ' ? end[2] : 'X';
}

bool live(char* const* argv, double& start, double& stop) {
    int exec_pipe[2];
    if (::pipe2(exec_pipe, O_CLOEXEC) != 0) return false;
    const double begin = now();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::setsid();
        ::signal(SIGINT, SIG_DFL);  // ignored in the background of a shell that has no job control
        ::execv(argv[0], argv);
        ::_exit(127);
    }
    ::close(exec_pipe[1]);
    char byte;
    const bool is_good = ::read(exec_pipe[0], &byte, 1) == 0;  // closed by the exec
    // D: it waits for its own pages, which is part of its start.
    for (char state = 'R'; is_good && (state == 'R' || state == 'D');) state = state_of(pid);
    start = now() - begin;
    ::close(exec_pipe[0]);
    const double signalled = now();
    ::kill(pid, SIGINT);
    ::waitpid(pid, nullptr, 0);
    stop = now() - signalled;
    return is_good;
}

}  // namespace

int main(int argc, char** argv) {
    const bool is_usable = argc >= 4 && std::atoi(argv[2]) > 0;
    const char* what = is_usable ? argv[1] : "";
    char true_program[] = "/bin/true";
    char* const true_argv[] = {true_program, nullptr};
    for (int i = 0; is_usable && i < std::atoi(argv[2]); ++i) {
        bool is_good = false;
        const double begin = now();
        if (std::strcmp(what, "run") == 0) {
            is_good = run(argv + 3);
            std::printf("%.3f\n", now() - begin);
        } else if (std::strcmp(what, "least") == 0) {
            is_good = run(true_argv) && ask(argv[3]);
            std::printf("%.3f\n", now() - begin);
        } else if (std::strcmp(what, "life") == 0) {
            double start = 0, stop = 0;
            is_good = live(argv + 3, start, stop);
            std::printf("%.3f %.3f\n", start, stop);
        }
        if (!is_good) return 1;
    }
    if (is_usable) return 0;
    std::fprintf(stderr,
                 "usage: command_time run N PROGRAM ARGS... | least N SOCKET | life N PROGRAM ARGS...\n");
    return 2;
}

// exec_stamp FILE: appends its pid and the time (CLOCK_MONOTONIC, nanoseconds) to FILE, then sleeps until it
// is killed. The first thing after exec, so that the line tells when a successor began to run.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

int main(int argc, char** argv) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    if (argc != 2) return 2;
    char line[64];
    const int size = std::snprintf(line, sizeof line, "%d %lld\n", static_cast<int>(::getpid()),
                                   now.tv_sec * 1'000'000'000LL + now.tv_nsec);
    const int file = ::open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || ::write(file, line, static_cast<std::size_t>(size)) != size) return 1;
    for (;;) ::pause();
}

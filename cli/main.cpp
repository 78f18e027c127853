#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "cli/dev/dev.h"
#include "cli/dev/dev_line.h"
#include "cli/program.h"
#include "cli/runtime/runtime.h"
#include "cli/runtime/runtime_line.h"

namespace {

// A descriptor that the shell has closed (`>&-`) would be the next one that is opened: a table of processes
// must not go down the daemon's socket.
void fill_standard_streams() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) _exit(1);
}

// Whoever reads the output may go away; what was begun is done to its end all the same. A handler instead of
// SIG_IGN, because programs that are started must not inherit that.
void outlive_readers() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_streams();
    outlive_readers();
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (argc > 0 && kpm::cli::is_runtime_name(argv[0])) return kpm::cli::run_runtime(words);
    if (argc > 0 && kpm::cli::is_dev_name(argv[0])) return kpm::cli::run_dev(words);
    return kpm::cli::run_program(words);
}

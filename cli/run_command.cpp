#include "cli/run_command.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

// `output`: becomes the standard output, -1 = this one's.
Result<pid_t> spawn(const std::vector<std::string>& words, int output) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (output >= 0) posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    // It can be interrupted, also where this process only hears of signals (--no-daemon).
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t pid = 0;
    const int failure = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return os_error("execute", words[0], failure);
    return pid;
}

Result<int> exit_code_of(pid_t pid, const std::string& program) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return os_error("wait for", program, errno);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<int> run_command(const std::vector<std::string>& words) {
    const auto pid = spawn(words, -1);
    if (!pid) return pid.error();
    return exit_code_of(*pid, words[0]);
}

Result<int> capture_command(const std::vector<std::string>& words, std::string& output) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return os_error("make", "a pipe", errno);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const auto pid = spawn(words, writer.get());
    writer.reset();
    if (!pid) return pid.error();
    char buffer[4096];
    for (;;) {
        const ssize_t size = read(reader.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;
        output.append(buffer, static_cast<std::size_t>(size));
    }
    return exit_code_of(*pid, words[0]);
}

}  // namespace kpm::cli

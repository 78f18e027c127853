#include "tests/support/terminal_command.h"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "ipc/base/unique_fd.h"

namespace kpm::test {
namespace {

constexpr std::chrono::minutes kLimit{1};

}  // namespace

CommandResult run_on_terminal(const std::vector<std::string>& argv,
                              const std::map<std::string, std::string>& env, const std::string& cwd,
                              unsigned short columns, unsigned short lines) {
    // The shell of the child sets the variables: this program may have threads, and must only fork and exec.
    std::vector<std::string> words{"env"};
    for (const auto& [name, value] : env) {
        if (value.empty())
            words.insert(words.begin() + 1, {"-u", name});
        else
            words.push_back(name + "=" + value);
    }
    words.insert(words.end(), argv.begin(), argv.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);

    winsize size{};
    size.ws_col = columns;
    size.ws_row = lines;
    int master = -1;
    const pid_t pid = ::forkpty(&master, nullptr, nullptr, &size);
    if (pid < 0) throw std::runtime_error("forkpty");
    if (pid == 0) {
        if (::chdir(cwd.c_str()) != 0) ::_exit(126);
        ::execvp(pointers[0], pointers.data());
        ::_exit(127);
    }
    const UniqueFd reader(master);
    CommandResult result;
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    bool is_late = false;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd watched{reader.get(), POLLIN, 0};
        is_late = left.count() <= 0;
        if (is_late) break;
        if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
        char buffer[4096];
        const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
        if (count <= 0) break;  // EIO: nobody has the other end open any more
        result.out.append(buffer, static_cast<std::size_t>(count));
    }
    if (is_late) ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    result.status = is_late ? kLateStatus : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

}  // namespace kpm::test

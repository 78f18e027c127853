#include "tests/support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "tests/support/eventually.h"

namespace kpm::test {
namespace {

constexpr std::chrono::seconds kLimit{60};

struct Pipe {
    UniqueFd reader, writer;
};

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

[[noreturn]] void become(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env,
                         const std::string& cwd, int out, int err) {
    const UniqueFd null(::open("/dev/null", O_RDONLY));
    ::dup2(null.get(), 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    for (const auto& [name, value] : env) {
        if (value.empty())
            ::unsetenv(name.c_str());
        else
            ::setenv(name.c_str(), value.c_str(), 1);
    }
    if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) ::_exit(126);
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    // Connections of the test's other threads: a copy in this command would keep them open when the test
    // closes them.
    ::close_range(3, ~0u, 0);
    ::execvp(words[0], words.data());
    ::_exit(127);
}

pid_t start(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env,
            const std::string& cwd, int out, int err) {
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork");
    if (pid == 0) become(argv, env, cwd, out, err);
    return pid;
}

// 124 for one that had to be killed.
int shell_status(int status, bool is_late) {
    return is_late ? 124 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env,
                          const std::string& cwd) {
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    const pid_t pid = start(argv, env, cwd, out.writer.get(), err.writer.get());
    out.writer.reset();
    err.writer.reset();

    CommandResult result;
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    bool is_late = false;
    pollfd polled[2] = {{out.reader.get(), POLLIN, 0}, {err.reader.get(), POLLIN, 0}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            ::kill(pid, SIGKILL);
            is_late = true;
            break;
        }
        if (::poll(polled, 2, static_cast<int>(left.count())) <= 0) continue;
        for (int i = 0; i < 2; ++i) {
            if (polled[i].fd < 0 || polled[i].revents == 0) continue;
            char buffer[65536];
            const ssize_t count = ::read(polled[i].fd, buffer, sizeof buffer);
            if (count > 0)
                (i == 0 ? result.out : result.err).append(buffer, static_cast<std::size_t>(count));
            else
                polled[i].fd = -1;
        }
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    result.status = shell_status(status, is_late);
    return result;
}

RunningCommand::RunningCommand(const std::vector<std::string>& argv,
                               const std::map<std::string, std::string>& env, const std::string& cwd) {
    Pipe out = make_pipe();
    if (::fcntl(out.reader.get(), F_SETFL, O_NONBLOCK) != 0) throw std::runtime_error("fcntl");
    pid_ = start(argv, env, cwd, out.writer.get(), out.writer.get());
    reader_ = std::move(out.reader);
}

RunningCommand::~RunningCommand() {
    if (pid_ != 0) end(SIGKILL);
}

const std::string& RunningCommand::output() {
    char buffer[65536];
    for (ssize_t count = 0; (count = ::read(reader_.get(), buffer, sizeof buffer)) > 0;)
        output_.append(buffer, static_cast<std::size_t>(count));
    return output_;
}

int RunningCommand::end(int signal) {
    ::kill(pid_, signal);
    int status = 0;
    const auto has_ended = [&] {
        output();  // it may wait for room in the pipe
        return ::waitpid(pid_, &status, WNOHANG) != 0;
    };
    const bool is_late = !eventually(has_ended, kLimit);
    if (is_late) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status, 0);
    }
    pid_ = 0;
    output();
    return shell_status(status, is_late);
}

}  // namespace kpm::test

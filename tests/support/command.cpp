#include "tests/support/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
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

// Pointers into `words`, as exec takes them.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string_view variable = *at;
        if (!changes.contains(std::string(variable.substr(0, variable.find('=')))))
            variables.emplace_back(variable);
    }
    for (const auto& [name, value] : changes)
        if (!value.empty()) variables.push_back(name + "=" + value);
    return variables;
}

// The child between fork and exec. Only system calls: it has been forked from a program with threads, of
// which another may have held the allocator's lock, and then nobody is left to release it.
[[noreturn]] void become(char* const* words, char* const* env, const char* cwd, int out, int err) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    if (*cwd != '\0' && ::chdir(cwd) != 0) ::_exit(126);
    // Connections of the test's other threads: a copy in this command would keep them open when the test
    // closes them.
    ::close_range(3, ~0u, 0);
    environ = const_cast<char**>(env);  // here already: `PATH` may be one of the changes
    ::execvp(words[0], words);
    ::_exit(127);
}

pid_t start(std::vector<std::string> argv, const std::map<std::string, std::string>& env,
            const std::string& cwd, int out, int err) {
    std::vector<std::string> variables = environment_with(env);
    const std::vector<char*> words = pointers_to(argv), assigned = pointers_to(variables);
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork");
    if (pid == 0) become(words.data(), assigned.data(), cwd.c_str(), out, err);
    return pid;
}

int shell_status(int status, bool is_late) {
    return is_late ? kLateStatus : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env,
                          const std::string& cwd, std::chrono::milliseconds limit) {
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    const pid_t pid = start(argv, env, cwd, out.writer.get(), err.writer.get());
    out.writer.reset();
    err.writer.reset();

    CommandResult result;
    const auto deadline = std::chrono::steady_clock::now() + limit;
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

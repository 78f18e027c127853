#include "cli/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/own_programs.h"
#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartDeadline{10};
constexpr std::string_view kErrorMark = "error: ";
constexpr std::string_view kLockedMark = "a daemon already runs in";  // the keeper's words

struct Programs {
    fs::path keeper;
    fs::path daemon;
};

Result<Programs> find_programs() {
    auto keeper = find_own_program("kpm-keeper");
    if (!keeper) return keeper.error();
    auto daemon = find_own_program("kpmd");
    if (!daemon) return daemon.error();
    return Programs{*std::move(keeper), *std::move(daemon)};
}

// The keeper's command line and environment, as exec wants them.
struct KeeperCall {
    std::vector<std::string> words, variables;
    std::vector<char*> arguments, environment;

    KeeperCall(const Programs& programs, const ipc::Home& home, int ready_fd,
               std::vector<std::string> additional)
        : words{programs.keeper, "--home", home.root(), "--daemon", programs.daemon},
          variables(std::move(additional)) {
        variables.push_back(fmt::format("KPM_READY_FD={}", ready_fd));
        for (char** variable = environ; *variable != nullptr; ++variable)
            if (!std::string_view(*variable).starts_with("KPM_READY_FD=")) environment.push_back(*variable);
        for (std::string& variable : variables) environment.push_back(variable.data());
        environment.push_back(nullptr);
    }
    char** argv() {
        arguments.clear();
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        return arguments.data();
    }
};

// The process that goes to the background ends at once; its child is not ours to wait for.
Result<pid_t> spawn_keeper(KeeperCall& call) {
    pid_t pid = 0;
    const int failure =
        posix_spawn(&pid, call.words.front().c_str(), nullptr, nullptr, call.argv(), call.environment.data());
    if (failure != 0) return os_error("start", call.words.front(), failure);
    return pid;
}

// Told to end when this process does, however that happens.
Result<pid_t> fork_keeper(KeeperCall& call) {
    call.words.emplace_back("--foreground");
    char** const arguments = call.argv();
    const pid_t parent = getpid(), pid = fork();
    if (pid < 0) return os_error("start", call.words.front(), errno);
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) execve(arguments[0], arguments, call.environment.data());
    _exit(127);  // told to whoever waits by the end of the pipe
}

Error not_ready(std::string_view reason) {
    return {ErrorCode::Unavailable, fmt::format("cannot start the daemon: {}", reason)};
}

Result<void> wait_ready(int fd, const ipc::Home& home) {
    const Clock::time_point deadline = Clock::now() + kStartDeadline;
    std::string answer;
    while (answer.find('\n') == std::string::npos) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd watched{fd, POLLIN, 0};
        const int ready = left.count() <= 0 ? 0 : poll(&watched, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) {
            return not_ready(fmt::format("it was not ready within {} s, see {}", kStartDeadline.count(),
                                         home.daemon_log().string()));
        }
        char buffer[512];
        const ssize_t size = read(fd, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) {
            return not_ready(fmt::format("it ended before it was ready, see {}", home.daemon_log().string()));
        }
        answer.append(buffer, static_cast<std::size_t>(size));
    }
    const std::string_view line = trim(answer);
    if (line == "ready") return {};
    Error error = not_ready(line.starts_with(kErrorMark) ? line.substr(kErrorMark.size()) : line);
    if (line.find(kLockedMark) != std::string_view::npos) error.code = ErrorCode::Exists;
    return error;
}

}  // namespace

namespace {

struct Pipe {
    UniqueFd reader, writer;  // the writer is inherited
};

Result<Pipe> ready_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return os_error("make", "a pipe", errno);
    Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
    if (fcntl(pipe.writer.get(), F_SETFD, 0) != 0) return os_error("share", "a pipe", errno);
    return pipe;
}

}  // namespace

Result<void> launch_daemon(const ipc::Home& home) {
    const auto programs = find_programs();
    if (!programs) return programs.error();
    auto pipe = ready_pipe();
    if (!pipe) return pipe.error();
    KeeperCall call(*programs, home, pipe->writer.get(), {});
    const auto keeper = spawn_keeper(call);
    pipe->writer.reset();
    if (!keeper) return keeper.error();
    auto ready = wait_ready(pipe->reader.get(), home);
    // When there is no answer, the process may hang as well: it is not waited for then.
    waitpid(*keeper, nullptr, ready ? 0 : WNOHANG);
    return ready;
}

Result<pid_t> launch_daemon_here(const ipc::Home& home, std::vector<std::string> variables) {
    const auto programs = find_programs();
    if (!programs) return programs.error();
    auto pipe = ready_pipe();
    if (!pipe) return pipe.error();
    KeeperCall call(*programs, home, pipe->writer.get(), std::move(variables));
    const auto keeper = fork_keeper(call);
    pipe->writer.reset();
    if (!keeper) return keeper.error();
    if (const auto ready = wait_ready(pipe->reader.get(), home); !ready) {
        kill(*keeper, SIGKILL);
        waitpid(*keeper, nullptr, 0);
        return ready.error();
    }
    return *keeper;
}

}  // namespace kpm::cli

#include "tests/integration/render/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace kpm::test {
namespace {

constexpr int kChildChannel = 3;

std::string bin_dir() {
    const char* dir = std::getenv("KPM_BIN_DIR");
    if (!dir) throw std::runtime_error("KPM_BIN_DIR is not set");
    return dir;
}

std::array<UniqueFd, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

std::string real_worker() {
    return bin_dir() + "/render-worker";
}
std::string gate_worker() {
    return bin_dir() + "/../tests/gate_worker";
}
std::string render_client() {
    return bin_dir() + "/render-client";
}

WorkerProcess::WorkerProcess(const std::string& program, Options options) {
    std::array<UniqueFd, 2> output = make_pipe();
    std::array<UniqueFd, 2> errors = make_pipe();
    std::vector<std::string> arguments = std::move(options.arguments);
    arguments.insert(arguments.begin(), program);
    std::vector<std::string> environment = std::move(options.environment);
    for (char** entry = environ; *entry; ++entry) environment.emplace_back(*entry);
    if (options.channel >= 0) environment.push_back("KPM_CHANNEL_FD=" + std::to_string(kChildChannel));

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output[1].get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, errors[1].get(), STDERR_FILENO);
    if (options.channel >= 0) ::posix_spawn_file_actions_adddup2(&actions, options.channel, kChildChannel);
    const int failure = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, pointers(arguments).data(),
                                      pointers(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) throw std::runtime_error("cannot start " + program);
    output_ = std::move(output[0]);
    errors_ = std::move(errors[0]);
}

WorkerProcess::~WorkerProcess() {
    if (exit_code_) return;
    ::kill(pid_, SIGKILL);
    reap(0);
}

std::string WorkerProcess::read_line() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
        if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
            const std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd ready{.fd = output_.get(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return {};
        std::array<char, 4096> bytes;
        const ssize_t count = ::read(output_.get(), bytes.data(), bytes.size());
        if (count <= 0) return {};
        unread_.append(bytes.data(), static_cast<std::size_t>(count));
    }
}

std::uint16_t WorkerProcess::port() {
    if (!port_) {
        const std::string line = read_line();
        const std::size_t colon = line.rfind(':', line.find(" ("));
        if (colon == std::string::npos) throw std::runtime_error("no ready line: " + line + read_errors());
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
    }
    return *port_;
}

std::string WorkerProcess::read_errors() {
    std::string text;
    std::array<char, 4096> bytes;
    for (;;) {
        pollfd ready{.fd = errors_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0)
            return text;
        const ssize_t count = ::read(errors_.get(), bytes.data(), bytes.size());
        if (count <= 0) return text;
        text.append(bytes.data(), static_cast<std::size_t>(count));
    }
}

void WorkerProcess::signal(int number) {
    if (is_running()) ::kill(pid_, number);
}

bool WorkerProcess::is_running() {
    return !exit_code_ && !reap(WNOHANG);
}

std::optional<int> WorkerProcess::wait_exit() {
    eventually([this] { return !is_running(); }, kPatience);
    return exit_code_;
}

bool WorkerProcess::reap(int flags) {
    int status = 0;
    if (::waitpid(pid_, &status, flags) != pid_) return false;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}

}  // namespace kpm::test

#include "cli/runtime/first_process.h"

#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/launch.h"
#include "cli/process_row.h"
#include "cli/runtime/last_resort.h"
#include "ipc/container_protocol.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kReconnect = 100ms;  // after the daemon died: the keeper starts the next
constexpr auto kForwardLimit = 5s;
constexpr int kKilled = 128 + SIGKILL;

constexpr int kStops[] = {SIGTERM, SIGINT, SIGQUIT};
constexpr int kForwarded[] = {SIGHUP, SIGUSR1, SIGWINCH};

// What is left for the daemon itself, when an app has used up its time.
std::chrono::milliseconds kill_timeout_in(std::chrono::milliseconds grace) {
    return grace > 2s ? grace - 1s : grace / 2;
}

}  // namespace

int container_exit_code(const Json& last_end) {
    if (!last_end.is_object()) return 0;
    if (const auto signal = integer_of(last_end, "exit_signal"); signal && *signal > 0)
        return 128 + static_cast<int>(*signal);
    const auto code = integer_of(last_end, "exit_code");
    return code ? static_cast<int>(*code) : 1;
}

FirstProcess::FirstProcess(ipc::Home home, const Console& console, Plan plan)
    : home_(std::move(home)),
      console_(console),
      plan_(std::move(plan)),
      has_terminal_(isatty(STDIN_FILENO) == 1) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGUSR2);
    for (const int signo : kStops) sigaddset(&wanted, signo);
    for (const int signo : kForwarded) sigaddset(&wanted, signo);
    sigprocmask(SIG_BLOCK, &wanted, nullptr);
    signals_ = UniqueFd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    adopt_orphans();
}

int FirstProcess::run() {
    if (!launch()) return 1;
    start_at_ = Clock::now() + plan_.delay;
    malloc_trim(0);
    while (keeper_ > 0) {
        wait();
        take_signals();
        if (start_at_ && !deadline_ && Clock::now() >= *start_at_) {
            start_at_.reset();
            starter_ = in_child(plan_.start);
            if (starter_ < 0) end(1);
        }
        if (is_asking_ && !deadline_) client_ ? read_answer() : ask_for_end();
        if (deadline_ && Clock::now() >= *deadline_) return give_up();
    }
    // Without its keeper the daemon ends, too; who does not is not waited for.
    kill_everything();
    return exit_code_;
}

bool FirstProcess::launch() {
    std::vector<std::string> variables{std::string(ipc::kConsoleVariable) + "=" + plan_.console};
    if (!std::getenv("PM2_KILL_TIMEOUT"))
        variables.push_back(fmt::format("PM2_KILL_TIMEOUT={}", kill_timeout_in(plan_.grace).count()));
    const auto keeper = launch_daemon_here(home_, std::move(variables));
    if (!keeper) {
        console_.error(keeper.error().message);
        return false;
    }
    keeper_ = *keeper;
    return true;
}

pid_t FirstProcess::in_child(const std::function<int()>& work) const {
    const pid_t pid = fork();
    if (pid < 0) console_.error(os_error("start", "the apps", errno).message);
    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int result = work();
    std::fflush(nullptr);
    _exit(result);
}

void FirstProcess::wait() {
    pollfd watched[] = {{signals_.get(), POLLIN, 0}, {-1, POLLIN, 0}};
    std::optional<Clock::time_point> until = deadline_;
    if (!deadline_) {
        until = start_at_;
        if (client_)
            watched[1].fd = client_->fd();
        else if (is_asking_)
            until = Clock::now() + kReconnect;
    }
    int limit = -1;
    if (until) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
        limit = static_cast<int>(std::max(left, 0ms).count());
    }
    poll(watched, 2, limit);
}

void FirstProcess::take_signals() {
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == sizeof info)
        on_signal(static_cast<int>(info.ssi_signo));
}

void FirstProcess::on_signal(int signo) {
    if (signo == SIGCHLD) return reap();
    if (signo == SIGUSR2) {  // as with PM2's daemon: the log files are opened anew
        kill(keeper_, SIGUSR2);
        return;
    }
    // A terminal that has gone away is the end of what was started on it.
    const bool is_hang_up = signo == SIGHUP && has_terminal_;
    if (!is_hang_up && std::ranges::find(kForwarded, signo) != std::end(kForwarded)) return forward(signo);
    is_told_ = true;
    end(0);
}

// What the container's process gets is meant for the app.
void FirstProcess::forward(int signo) {
    if (deadline_) return;
    in_child([this, signo] {
        auto client = ipc::Client::connect(home_);
        if (!client) return 1;
        const auto sent =
            client->call(ipc::method::kSendSignalToProcessName,
                         Json::array({{{"process_name", "all"}, {"signal", signo}}}), kForwardLimit);
        if (sent) return 0;
        console_.error_line(
            fmt::format("cannot forward SIG{}: {}", sigabbrev_np(signo), sent.error().message));
        return 1;
    });
}

void FirstProcess::reap() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == starter_) started(status);
        if (pid != keeper_) continue;
        keeper_ = 0;
        if (deadline_) continue;
        // `kpm kill` from another shell takes the pid file away: that is an end on purpose.
        std::error_code ignored;
        if (std::filesystem::exists(home_.daemon_pid(), ignored)) {
            console_.error("the keeper of the apps has ended");
            exit_code_ = 1;
        }
    }
}

void FirstProcess::started(int status) {
    starter_ = 0;
    if (deadline_) return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return end(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    is_asking_ = plan_.auto_exit;
}

void FirstProcess::ask_for_end() {
    auto client = ipc::Client::connect(home_);
    if (!client) return;
    client_.emplace(std::move(*client));
    ticket_ = client_->send(ipc::method::kAwaitEnd);
    read_answer();
}

void FirstProcess::read_answer() {
    const auto answer = client_->try_wait(ticket_);
    if (!answer) return client_.reset();  // the daemon died; its successor is asked
    if (!*answer) return;
    const Json& last = **answer;
    if (const std::string failure = text_of(last, "failure"); !failure.empty())
        console_.error(fmt::format("cannot start '{}': {}", text_of(last, "name"), failure));
    end(container_exit_code(last));
}

void FirstProcess::end(int exit_code) {
    if (deadline_) return;
    exit_code_ = exit_code;
    deadline_ = Clock::now() + plan_.grace;
    if (starter_ > 0) kill(starter_, SIGKILL);
    if (keeper_ > 0) kill(keeper_, SIGTERM);
}

int FirstProcess::give_up() {
    console_.error_line(fmt::format("not all has ended within {} s, killing the rest",
                                    std::chrono::duration<double>(plan_.grace).count()));
    kill_everything();
    return is_told_ ? kKilled : exit_code_;
}

}  // namespace kpm::cli

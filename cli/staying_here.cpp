#include "cli/staying_here.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <utility>

#include "cli/daemon_origin.h"
#include "cli/follow.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr const char* kStamp = "HH:mm:ss";
constexpr std::chrono::seconds kSendLimit{5};
constexpr int kLastWords = 200;  // ms, for what the apps said at their end to be shown
constexpr int kLook = 500;       // ms between two looks at a process that cannot be waited for

}  // namespace

StayingHere::StayingHere(Context& context)
    : context_(context), session_(context.session), is_own_(context.session->is_new()) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signo : kEndSignals) sigaddset(&wanted, signo);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_BLOCK, &wanted, nullptr);
    signals_ = UniqueFd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    watch_keeper();
    if (auto events = ipc::Subscriber::connect(context.home)) events_.emplace(std::move(*events));
    if (is_own_) context.console.info("Launching in no daemon mode");
    hang_up_.emplace(context.session->client().fd());
}

StayingHere::~StayingHere() {
    if (viewer_ > 0) kill(viewer_, SIGKILL);
}

void StayingHere::watch_keeper() {
    const pid_t daemon = context_.session->client().daemon_pid();
    const auto origin = origin_of(daemon);
    keeper_ = origin ? origin->keeper : daemon;
    keeper_end_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, keeper_, 0)));
}

int StayingHere::finish(int result) {
    // `update` may have put another installation's daemon in the place of the first, keeper and all.
    if (context_.session != session_) watch_keeper();
    if (hang_up_->stop()) {
        if (!is_own_) return result;
        is_leaving_ = true;
        end_daemon();
        while (!wait_for_keeper()) take_signals();
        return kDone;
    }
    if (result != kDone) {
        if (!is_own_) return result;
        end_daemon();
        while (!wait_for_keeper()) take_signals();
        return result;
    }
    context_.console.line("[--no-daemon] Continue to stream logs");
    context_.console.line(
        fmt::format("[--no-daemon] Exit on target PM2 exit pid={}", context_.session->client().daemon_pid()));
    show_logs();
    bool has_ended = false;
    while (!has_ended && (!is_leaving_ || is_own_)) {
        has_ended = wait_for_keeper();
        take_signals();
    }
    if (viewer_ > 0 && is_own_) usleep(kLastWords * 1000);
    // An end that somebody asked for takes the daemon's pid file away.
    std::error_code ignored;
    return has_ended && std::filesystem::exists(context_.home.daemon_pid(), ignored) ? kFailed : kDone;
}

void StayingHere::show_logs() {
    const pid_t parent = getpid();
    viewer_ = fork();
    if (viewer_ < 0) {
        context_.console.warn(os_error("show", "the logs", errno).message);
        viewer_ = 0;
    }
    if (getpid() == parent) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    sigset_t none;
    sigemptyset(&none);
    // Ctrl-C reaches the whole foreground group: this one goes on until the daemon has ended.
    for (const int signo : kEndSignals) std::signal(signo, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    Following following;
    following.look.time_format = kStamp;
    following.daemon = true;
    following.is_wanted = [](const Json&) { return true; };
    follow(context_, following, std::exchange(events_, std::nullopt));
    _exit(0);
}

void StayingHere::take_signals() {
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            if (!std::exchange(is_leaving_, true) && is_own_) end_daemon();
            continue;
        }
        // As the first process of a container it also inherits what others leave behind.
        for (pid_t pid; (pid = waitpid(-1, nullptr, WNOHANG)) > 0;)
            if (pid == viewer_) viewer_ = 0;
        // Nobody reads the logs any more. That ends no daemon.
        if (viewer_ == 0 && !is_own_) is_leaving_ = true;
    }
}

// It stops its apps by itself, and answers by its end.
void StayingHere::end_daemon() {
    auto client = ipc::Client::connect(context_.home);
    if (!client) {  // it is just being replaced: the keeper tells the next one
        kill(keeper_, SIGTERM);
        return;
    }
    client->send(ipc::method::kKillMe, Json::array({Json::object()}));
    (void)client->flush(kSendLimit);
    // Closing at once could overtake the request.
    (void)client->wait_closed(kSendLimit);
}

bool StayingHere::wait_for_keeper() {
    pollfd watched[] = {{signals_.get(), POLLIN, 0}, {keeper_end_.get(), POLLIN, 0}};
    poll(watched, 2, keeper_end_ ? -1 : kLook);
    if (keeper_end_) return watched[1].revents != 0;
    return kill(keeper_, 0) != 0 && errno == ESRCH;
}

}  // namespace kpm::cli

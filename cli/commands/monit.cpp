// monit: the processes on a full screen, live. This is its loop; what it shows and does is in cli/monit.
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>

#include "cli/commands/groups.h"
#include "cli/monit/curses_screen.h"
#include "cli/monit/daemon_link.h"
#include "cli/monit/monit_model.h"
#include "cli/monit/monit_view.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Logs that rush by are painted no more often; a key is answered at once.
constexpr std::chrono::milliseconds kPaintGap{100};

constexpr int kEndingSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kScreenSignals[] = {SIGWINCH, SIGTSTP, SIGCONT};

// While it lives, the signals come through a descriptor.
class Signals {
public:
    Signals() {
        sigset_t wanted;
        sigemptyset(&wanted);
        for (const int number : kEndingSignals) sigaddset(&wanted, number);
        for (const int number : kScreenSignals) sigaddset(&wanted, number);
        sigprocmask(SIG_BLOCK, &wanted, &before_);
        fd_ = UniqueFd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    ~Signals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    int fd() const { return fd_.get(); }
    // 0: none has come.
    int next() const {
        signalfd_siginfo info{};
        return read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
    }

private:
    sigset_t before_{};
    UniqueFd fd_;
};

enum class End { NotYet, Quit, TerminalGone };

class Loop {
public:
    Loop(const ipc::Home& home, monit::CursesScreen& screen, const Signals& signals)
        : link_(home), screen_(screen), signals_(signals) {}

    End run() {
        while (end_ == End::NotYet && ending_signal_ == 0) {
            for (monit::News& item : link_.advance(Clock::now())) {
                std::visit([this](auto& news) { hear(news); }, item);
                is_stale_ = true;
            }
            paint();
            wait();
        }
        return end_;
    }
    int ending_signal() const { return ending_signal_; }  // 0: none

private:
    void hear(monit::ConnectionChanged& news) { model_.set_connection(news.connection, now_ms()); }
    void hear(monit::Listed& news) { model_.update(std::move(news.list)); }
    void hear(monit::Printed& news) { model_.add_log(news.app, news.is_error, news.data); }
    void hear(monit::Finished& news) { model_.finish(news.task, news.reason, now_ms()); }
    void hear(monit::EventsLost& news) {
        model_.say(fmt::format("the logs came too fast: {} messages left out", news.count), true, now_ms());
    }

    void apply(const monit::Nothing&) {}
    void apply(const monit::Quit&) { end_ = End::Quit; }
    void apply(const monit::Redraw&) { screen_.redraw(); }
    void apply(const monit::Suspend&) { screen_.suspend(); }
    void apply(const monit::Task& task) { link_.act(task); }

    void paint() {
        const auto now = Clock::now();
        if (!is_stale_ || now < next_paint_) return;
        screen_.show(monit::draw(model_, screen_.size(), now_ms()));
        is_stale_ = false;
        next_paint_ = now + kPaintGap;
    }

    // Until there is something to do. Uptimes and old notices want a painting with each list at the latest.
    void wait() {
        std::vector<pollfd> polled{{STDIN_FILENO, POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
        for (const pollfd& entry : link_.polled()) polled.push_back(entry);
        const auto due = is_stale_ ? std::min(next_paint_, link_.next_due()) : link_.next_due();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
        poll(polled.data(), polled.size(), static_cast<int>(std::clamp<long long>(left, 0, 60'000)));
        take_signals();
        take_keys();
        // Also when input has ended without a signal: a closed terminal reads as an end of file for ever.
        if ((polled[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) end_ = End::TerminalGone;
    }

    void take_keys() {
        while (const auto key = screen_.next_key()) {
            std::visit([this](const auto& effect) { apply(effect); }, model_.press(*key, now_ms()));
            is_stale_ = true;
            next_paint_ = {};
        }
    }

    void take_signals() {
        while (const int number = signals_.next()) {
            if (std::ranges::find(kEndingSignals, number) != std::end(kEndingSignals))
                ending_signal_ = number;
            if (number == SIGTSTP) screen_.suspend();
            if (number == SIGCONT) screen_.redraw();
            screen_.fit();
            is_stale_ = true;
            next_paint_ = {};
        }
    }

    monit::Model model_;
    monit::DaemonLink link_;
    monit::CursesScreen& screen_;
    const Signals& signals_;
    End end_ = End::NotYet;
    int ending_signal_ = 0;
    bool is_stale_ = true;
    Clock::time_point next_paint_{};
};

// Ends the program as the signal does to one that does not know it, so that whoever waits for it sees why.
void die_of(int number) {
    std::signal(number, SIG_DFL);
    std::raise(number);
}

}  // namespace

int run_monit(Context& context) {
    const auto refuse = [&](std::string_view reason) {
        return context.fail(fmt::format("cannot show 'monit': {}", reason));
    };
    // Before a daemon is started for a command that cannot work.
    if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
        return refuse("standard input and output are no terminal");
    if (const auto made = ipc::ensure_home(context.home); !made) return context.fail(made.error());
    if (const auto session = Session::open(context.home, context.console, Session::IfAbsent::Launch);
        !session)
        return context.fail(session.error());

    End end = End::NotYet;
    int ending_signal = 0;
    {
        const Signals signals;
        auto screen = monit::CursesScreen::open(context.console.terminal().colour);
        if (!screen) return context.fail(screen.error());
        Loop loop(context.home, **screen, signals);
        end = loop.run();
        ending_signal = loop.ending_signal();
        // ncurses' own handlers, which it has put in place of the default, are not to run after it.
        screen->reset();
        for (const int number : kEndingSignals) std::signal(number, SIG_DFL);
    }
    if (ending_signal != 0) die_of(ending_signal);
    return end == End::Quit ? kDone : kFailed;
}

}  // namespace kpm::cli

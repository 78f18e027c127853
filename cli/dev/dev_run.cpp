#include "cli/dev/dev_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include "cli/actions.h"
#include "cli/hang_up.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::chrono::seconds kSendLimit{5};
constexpr int kLookForApps = 3000;  // ms between two looks whether any app runs, with --auto-exit
constexpr int kLooksWithout = 2;    // so many in a row end it

bool runs(const ProcessRow& row) {
    return row.status == "online" || row.status == "launching" || row.status == "waiting restart";
}

void field(const Console& console, std::string_view key, std::string_view value) {
    console.line(fmt::format("{:<20} : {}", key, value));
}

}  // namespace

DevRun::DevRun(Context& context, const DevLine& wanted)
    : context_(context), wanted_(wanted), log_(wanted.raw, wanted.timestamp, context.console.paint()) {
    sigset_t asked;
    sigemptyset(&asked);
    for (const int signo : kEndSignals) sigaddset(&asked, signo);
    sigaddset(&asked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &asked, nullptr);
    signals_ = UniqueFd(signalfd(-1, &asked, SFD_CLOEXEC | SFD_NONBLOCK));
}

DevRun::~DevRun() {
    if (command_ > 0) kill(-command_, SIGTERM);
}

int DevRun::run() {
    if (!start()) return end(is_leaving_ ? kDone : kFailed);
    if (wanted_.test_mode) return kDone;
    return end(show());
}

bool DevRun::start() {
    Console problems = context_.console;
    problems.say_problems_only();
    const auto before = context_.session->brief_list();
    if (!before) return context_.fail(before.error()) == kDone;
    std::set<std::int64_t> old;  // pids
    for (const ProcessRow& row : before->rows) old.insert(row.pid.value_or(0));
    if (auto events = ipc::Subscriber::connect(context_.home)) events_.emplace(std::move(*events));
    CommandLine line = wanted_.line;
    line.command = "start";
    Context starting{*find_command("start"), line, problems, context_.home, context_.cwd, context_.session};
    HangUp hang_up(context_.session->client().fd());
    const bool is_good = starting.command.run(starting) == kDone;
    if (hang_up.stop()) {
        is_leaving_ = true;
        auto session = Session::open(context_.home, context_.console, Session::IfAbsent::Fail);
        if (!session) return context_.fail(session.error()) == kDone;
        context_.go_on_with(*std::move(session));
    }
    const auto after = context_.session->brief_list();
    if (!after) return context_.fail(after.error()) == kDone;
    std::vector<std::string> names;
    for (const ProcessRow& row : after->rows) {
        if (row.pid.value_or(0) > 0 && old.contains(*row.pid)) continue;
        own_.insert(row.id);
        names.push_back(row.name);
    }
    if (is_leaving_) return false;
    if (!is_good && own_.empty()) return false;  // what failed may be mended: its files are watched
    say_header(names);
    // What has come so far belongs to the start, not to a restart.
    has_started_ = false;
    if (events_ && !take_events()) events_.reset();
    has_started_ = true;
    return true;
}

void DevRun::say_header(const std::vector<std::string>& names) const {
    const Console& console = context_.console;
    const Paint paint = console.paint();
    console.line("--- PM2 development mode ------------------------------------------------------");
    std::vector<std::string> shown;
    for (const std::string& name : names) shown.push_back(printable(name));
    field(console, "Apps started", fmt::format("{}", fmt::join(shown, ",")));
    field(console, "Processes started", paint(std::to_string(names.size()), {Style::Bold}));
    field(console, "Watch and Restart", paint("Enabled", {Style::Green}));
    field(console, "Ignored folder",
          wanted_.ignored.empty() ? "node_modules" : fmt::format("{}", fmt::join(wanted_.ignored, ",")));
    if (wanted_.post_exec) field(console, "Post restart cmd", *wanted_.post_exec);
    console.line(std::string(79, '='));
}

int DevRun::show() {
    for (int looks = 0;;) {
        if (events_ && !take_events()) events_.reset();
        if (!events_) {
            // Replaced by another version, or killed: then there is nothing to show any more.
            auto events = ipc::Subscriber::connect(context_.home);
            if (!events) return context_.fail("the daemon of this session has ended");
            events_.emplace(std::move(*events));
        }
        pollfd watched[] = {{signals_.get(), POLLIN, 0}, {events_->fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
        const int ready = poll(watched, 3, wanted_.auto_exit ? kLookForApps : -1);
        if (take_signals() || (watched[2].revents & (POLLERR | POLLNVAL)) != 0) return kDone;
        if (ready != 0) continue;
        looks = nothing_runs() ? looks + 1 : 0;
        if (looks > 0) context_.console.line("0 application online, exiting");
        if (looks == kLooksWithout) return kFailed;
    }
}

bool DevRun::take_events() {
    for (;;) {
        const auto event = events_->next();
        if (!event) return false;
        if (!*event) break;
        const auto& payload = (*event)->payload;
        const auto process = payload.is_object() ? payload.find("process") : payload.end();
        if (process == payload.end() || !own_.contains(integer_of(*process, "pm_id").value_or(-1))) continue;
        const bool is_process = (*event)->topic == ipc::topic::kProcessEvent;
        if (is_process && (!has_started_ || text_of(payload, "event") != "online")) continue;
        const std::string text = log_.text(**event, now_ms());
        std::fwrite(text.data(), 1, text.size(), stdout);
        if (is_process && wanted_.post_exec) run_command();
    }
    std::fflush(stdout);
    return true;
}

bool DevRun::take_signals() {
    bool is_end = false;
    signalfd_siginfo info{};
    while (read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGCHLD) is_end = true;
        if (command_ > 0 && waitpid(command_, nullptr, WNOHANG) == command_) command_ = 0;
    }
    return is_end;
}

bool DevRun::nothing_runs() {
    const auto list = context_.session->brief_list();
    return !list || std::ranges::none_of(list->rows, [&](const ProcessRow& row) {
        return own_.contains(row.id) && runs(row);
    });
}

// One at a time: a restart while the last one's command runs does not begin another.
void DevRun::run_command() {
    if (command_ > 0) return;
    std::fflush(stdout);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (wanted_.silent_exec) {
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    std::string words[] = {"sh", "-c", *wanted_.post_exec};
    char* const argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    const int problem = posix_spawn(&command_, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (problem == 0) return;
    command_ = 0;
    context_.console.warn(os_error("run", *wanted_.post_exec, problem).message);
}

// What others have started in this home goes on.
int DevRun::end(int result) {
    std::fflush(stdout);
    if (has_started_) context_.console.line(">>>>> [PM2 DEV] Stopping current development session");
    auto session = Session::open(context_.home, context_.console, Session::IfAbsent::Fail);
    if (!session)
        return session.error().code == ErrorCode::NotFound ? result : context_.fail(session.error());
    context_.session = &*session;
    const auto list = session->brief_list();
    if (!list) return context_.fail(list.error());
    std::vector<ipc::Client::Ticket> tickets;
    for (const ProcessRow& row : list->rows)
        if (own_.contains(row.id))
            tickets.push_back(send_action(session->client(), session->is_kpm(), Action::Delete, row.id, {}));
    const bool is_last = tickets.size() == list->rows.size();
    for (const auto ticket : tickets) {
        const auto answer = session->client().wait(ticket);
        if (!answer) result = context_.fail(answer.error());
    }
    if (!is_last) return result;
    session->client().send(ipc::method::kKillMe, Json::array({Json::object()}));
    (void)session->client().flush(kSendLimit);
    (void)session->client().wait_closed(kSendLimit);
    return result;
}

}  // namespace kpm::cli

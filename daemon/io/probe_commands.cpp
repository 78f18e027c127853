#include "daemon/io/probe_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "daemon/io/child_setup.h"
#include "daemon/io/keeper_numbers.h"
#include "daemon/io/pidfd.h"
#include "daemon/io/spawn_request.h"
#include "ipc/base/signal_name.h"

namespace kpm::io {
namespace {

using Verdict = core::ProbeResult::Verdict;

}  // namespace

// A look that was asked for while the one before was still being killed.
struct ProbeCommands::Next {
    core::AppKey key;
    core::ProbeSpec spec;
    core::LaunchSpec launch;
    Done done;
};

struct ProbeCommands::Run {
    Place place;
    std::unique_ptr<Next> next;
    Done done;  // empty: answered, or nobody asks any more
    std::string program, cwd;
    std::chrono::milliseconds patience{0};
    pid_t pid = 0;  // 0 = the keeper has not started it yet
    std::optional<std::uint64_t> start;
    UniqueFd pidfd;
    bool is_to_die = false;
    std::unique_ptr<TreeStop> tree;
    std::unique_ptr<Timer> timer;

    void answer(Verdict verdict, std::string reason) {
        if (const Done told = std::exchange(done, nullptr)) told({verdict, std::move(reason)});
    }
};

ProbeCommands::ProbeCommands(Loop& loop, ProcessScanner& scanner, std::string mark_name, Mark mark)
    : loop_(loop),
      scanner_(scanner),
      mark_name_(std::move(mark_name)),
      mark_(std::move(mark)),
      next_token_(keeper_numbers::kProbeCommands.by_time()) {}

// Nobody would end those that still run.
ProbeCommands::~ProbeCommands() {
    for (const auto& [token, run] : runs_)
        if (run->pidfd) (void)send_signal(run->pidfd.get(), SIGKILL);
}

void ProbeCommands::run(KeeperLink& keeper, const core::AppKey& key, core::ProbeKind kind,
                        const core::ProbeSpec& spec, const core::LaunchSpec& launch, Done done) {
    const Place place{key.incarnation, kind};
    if (const auto last = tokens_.find(place); last != tokens_.end()) {
        Run& run = *runs_.at(last->second);
        run.next = std::make_unique<Next>(Next{key, spec, launch, std::move(done)});
        run.timer->start(spec.timeout);
        return;
    }
    core::LaunchSpec command = launch;
    command.argv = spec.argv;
    command.channel = core::ChildChannel::None;
    command.logs = {.out = {}, .err = {}, .combined = {}, .date_format = {}, .disabled = true};
    command.is_activated = false;
    auto setup = set_up_child(command);
    if (!setup)
        return done({setup.error().code == ErrorCode::Io ? Verdict::Unknown : Verdict::Failed,
                     setup.error().message});
    const std::uint64_t token = next_token_++;
    std::erase_if(setup->request.env,
                  [&](const std::string& line) { return line.starts_with(mark_name_ + "="); });
    setup->request.env.push_back(fmt::format("{}={}", mark_name_, mark_(token)));
    if (const auto asked = keeper.spawn(token, setup->request); !asked)
        return done({Verdict::Unknown, asked.error().message});
    auto run = std::make_unique<Run>();
    run->place = place;
    run->done = std::move(done);
    run->program = setup->request.path;
    run->cwd = setup->request.cwd;
    run->patience = spec.timeout;
    run->timer = std::make_unique<Timer>(loop_, [this, token] { end(token); });
    run->timer->start(spec.timeout);
    tokens_[place] = token;
    runs_[token] = std::move(run);
}

// Its time is up.
void ProbeCommands::end(std::uint64_t token) {
    Run& run = *runs_.at(token);
    if (const auto next = std::exchange(run.next, nullptr))
        return next->done({Verdict::Failed, "its last run has not ended yet, also after SIGKILL"});
    kill(token, run);
    run.answer(Verdict::Failed, fmt::format("no end within {} ms", run.patience.count()));
}

void ProbeCommands::stop(const core::AppKey& key) {
    for (const core::ProbeKind kind : core::kProbeKinds) {
        const auto it = tokens_.find({key.incarnation, kind});
        if (it == tokens_.end()) continue;
        Run& run = *runs_.at(it->second);
        run.done = nullptr;
        run.next.reset();
        run.timer->stop();
        kill(it->second, run);
    }
}

void ProbeCommands::kill(std::uint64_t token, Run& run) {
    run.is_to_die = true;
    if (run.pid == 0 || run.tree) return;  // when it is there; already
    // At once, and then what it has started.
    if (run.pidfd) (void)send_signal(run.pidfd.get(), SIGKILL);
    run.tree = std::make_unique<TreeStop>(loop_, scanner_, mark_(token), [this, token] {
        const auto it = runs_.find(token);
        if (it != runs_.end()) it->second->tree.reset();
    });
    run.tree->expect_root_end();
    run.tree->begin(run.pid, run.start, SIGKILL);
}

bool ProbeCommands::spawned(KeeperChild& child) {
    const auto it = runs_.find(child.token);
    if (it == runs_.end()) return false;
    Run& run = *it->second;
    run.pid = child.pid;
    run.start = read_start(child.pid, child.pidfd.get());
    run.pidfd = std::move(child.pidfd);
    if (run.is_to_die) kill(child.token, run);
    return true;
}

bool ProbeCommands::spawn_failed(KeeperLink& keeper, std::uint64_t token, keeper::SpawnStage stage,
                                 int error_number) {
    const auto it = runs_.find(token);
    if (it == runs_.end()) return false;
    const std::unique_ptr<Run> run = std::move(it->second);
    forget(token);
    run->answer(is_shortage(stage, error_number) ? Verdict::Unknown : Verdict::Failed,
                spawn_error(stage, error_number, run->program, run->cwd).message);
    begin_next(keeper, *run);
    return true;
}

bool ProbeCommands::exited(KeeperLink& keeper, const KeeperExit& exit) {
    const auto it = runs_.find(exit.token);
    if (it == runs_.end()) return false;
    keeper.collected(exit.token);
    const std::unique_ptr<Run> run = std::move(it->second);
    forget(exit.token);
    // What it has left behind is ended, too; that need not be waited for.
    if (run->tree || group_has_members(exit.pid)) sweep(exit.pid, exit.token);
    if (exit.signal != 0)
        run->answer(Verdict::Failed, "signal " + signal_name(exit.signal));
    else if (exit.exit_code != 0)
        run->answer(Verdict::Failed, fmt::format("exit code {}", exit.exit_code));
    else
        run->answer(Verdict::Passed, "");
    begin_next(keeper, *run);
    return true;
}

void ProbeCommands::begin_next(KeeperLink& keeper, Run& ended) {
    if (const auto next = std::exchange(ended.next, nullptr))
        run(keeper, next->key, ended.place.second, next->spec, next->launch, std::move(next->done));
}

void ProbeCommands::sweep(pid_t root, std::uint64_t token) {
    auto& sweep = sweeps_.emplace_front();
    sweep = std::make_unique<TreeStop>(loop_, scanner_, mark_(token),
                                       [this, place = sweeps_.begin()] { sweeps_.erase(place); });
    sweep->begin(root, std::nullopt, SIGKILL);
}

void ProbeCommands::forget(std::uint64_t token) {
    runs_.erase(token);
    std::erase_if(tokens_, [&](const auto& one) { return one.second == token; });
}

}  // namespace kpm::io

// update: another kpmd in the place of the one that runs.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/daemon_origin.h"
#include "cli/module_start.h"
#include "cli/own_programs.h"
#include "cli/progress.h"
#include "ipc/base/keeper_version.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::chrono::seconds kPatience{15};
constexpr std::chrono::milliseconds kPause{20};

// A daemon that is not the one of that pid.
Result<Session> wait_for_successor(Context& context, pid_t old) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    Progress progress(context.console);
    for (;;) {
        progress.show("waiting for the new daemon");
        if (auto client = ipc::Client::connect(context.home); client && client->daemon_pid() != old) break;
        if (std::chrono::steady_clock::now() > deadline) {
            return Error{ErrorCode::Unavailable,
                         fmt::format("cannot update '{}': no new daemon within {} s, see {}",
                                     context.home.root().string(), kPatience.count(),
                                     context.home.daemon_log().string())};
        }
        std::this_thread::sleep_for(kPause);
    }
    return Session::open(context.home, context.console, Session::IfAbsent::Fail);
}

bool is_same_file(const std::filesystem::path& one, const std::filesystem::path& other) {
    std::error_code ignored;
    return one == other || std::filesystem::equivalent(one, other, ignored);
}

// A daemon's death is nothing to the apps: the keeper holds them, their pipes and sockets, and the daemon's
// state, and starts the program that lies there now.
int replace_daemon(Context& context, pid_t old) {
    context.console.info(fmt::format("Replacing the daemon (pid {}), the apps go on running", old));
    if (kill(old, SIGKILL) != 0 && errno != ESRCH)
        return context.fail(os_error("end", fmt::format("the daemon {}", old), errno));
    auto session = wait_for_successor(context, old);
    if (!session) return context.fail(session.error());
    context.go_on_with(*std::move(session));
    context.console.line(context.console.paint()(">>>>>>>>>> PM2 updated", {Style::Blue}));
    return print_list(context);
}

// With a keeper that would only start its own installation's daemon again, or that does not understand this
// one's.
int replace_keeper(Context& context, std::string_view reason) {
    context.console.warn(fmt::format("{}: the apps are restarted", reason));
    if (const int killed = run_kill(context); killed != kDone) return killed;
    auto session = Session::open(context.home, context.console, Session::IfAbsent::Launch);
    if (!session) return context.fail(session.error());
    context.go_on_with(*std::move(session));
    start_installed_modules(context);
    const int restored = run_resurrect(context);
    context.console.line(context.console.paint()(">>>>>>>>>> PM2 updated", {Style::Blue}));
    return restored;
}

}  // namespace

int run_update(Context& context) {
    if (context.session == nullptr) {
        context.console.info("No daemon runs: the next command starts the new one");
        return kDone;
    }
    const auto own = find_own_program("kpmd");
    if (!own) return context.fail(own.error());
    const auto saved = context.session->call(ipc::method::kSave, Json::array({{{"force", false}}}));
    if (!saved) return context.fail(saved.error());
    const pid_t daemon = context.session->client().daemon_pid();
    const auto origin = origin_of(daemon);
    if (!origin) {
        return context.fail(fmt::format("cannot update '{}': its daemon (pid {}) has no keeper",
                                        context.home.root().string(), daemon));
    }
    if (!is_same_file(origin->daemon, *own))
        return replace_keeper(context, fmt::format("the daemon that runs is another installation's ({})",
                                                   printable(origin->daemon.string())));
    // kpmd would find a keeper that it cannot talk to, and the apps would run without a daemon.
    if (const int version = context.session->keeper_version(); version != kKeeperVersion)
        return replace_keeper(
            context, fmt::format("the keeper that runs speaks version {}, this version's {}", version,
                                 kKeeperVersion));
    return replace_daemon(context, daemon);
}

}  // namespace kpm::cli

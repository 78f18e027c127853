// Commands about the daemon itself.
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/daemon_origin.h"
#include "cli/js_literal.h"
#include "ipc/base/unique_fd.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

// A daemon stops its apps before it answers; what then remains is quick.
constexpr std::chrono::seconds kExitDeadline{10};

void say_stopped(Context& context) {
    context.console.info("[v] All Applications Stopped");
    context.console.info("[v] PM2 Daemon Stopped");
}

// The keeper ends last, and has the home until then: who starts a daemon after a kill shall find it free.
class KeeperEnd {
public:
    explicit KeeperEnd(pid_t daemon) {
        if (const auto origin = origin_of(daemon))
            pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, origin->keeper, 0)));
    }
    void wait() const {
        pollfd end{pidfd_.get(), POLLIN, 0};
        if (pidfd_) poll(&end, 1, std::chrono::milliseconds(kExitDeadline).count());
    }

private:
    UniqueFd pidfd_;  // empty: no keeper, or no kernel to tell of its end
};

}  // namespace

int run_ping(Context& context) {
    const auto answer = context.session->call(ipc::method::kPing);
    if (!answer) return context.fail(answer.error());
    if (context.line.has("json")) {
        Json facts = *answer;
        facts["pid"] = context.session->client().daemon_pid();
        facts["version"] = context.session->daemon_version();
        return print_json(context, facts);
    }
    context.console.line(js_literal(*answer));
    return kDone;
}

int run_kill(Context& context) {
    if (context.session == nullptr) {
        context.console.warn_on_stderr("No process found");
        say_stopped(context);
        return kDone;
    }
    ipc::Client& client = context.session->client();
    client.send(ipc::method::kNotifyKillPm2);
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    ActionRequest request{Action::Delete, "all", {}};
    for (const ProcessRow& row : list->rows) request.ids.push_back(row.id);
    if (request.ids.empty()) {
        context.console.warn_on_stderr("No process found");
    } else {
        request.may_be_missing = true;
        // What failed is said. The daemon ends the apps that are left when it ends.
        (void)act(context, request, list->rows);
    }
    context.console.info("[v] All Applications Stopped");
    const KeeperEnd keeper(client.daemon_pid());
    // PM2's daemon tells the process named here of its end by SIGQUIT.
    std::signal(SIGQUIT, SIG_IGN);
    client.send(ipc::method::kKillMe, Json::array({{{"pid", getpid()}}}));
    if (const auto sent = client.flush(kExitDeadline); !sent) return context.fail(sent.error());
    if (const auto closed = client.wait_closed(kExitDeadline); !closed) return context.fail(closed.error());
    keeper.wait();
    context.console.info("[v] PM2 Daemon Stopped");
    return kDone;
}

}  // namespace kpm::cli

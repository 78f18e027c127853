#include "cli/start_run.h"

#include <fmt/format.h>
#include <poll.h>

#include <deque>
#include <tuple>
#include <utility>

#include "cli/failed_launch.h"
#include "cli/notes.h"
#include "cli/progress.h"
#include "cli/restart_by_file.h"

namespace kpm::cli {
namespace {

constexpr std::size_t kMostAsked = 64;  // starts that the daemon has not answered yet
// Requests that go together, in bytes: each that comes alone takes a turn of the daemon's.
constexpr std::size_t kTogether = 8192;

std::optional<ecosystem::ResolvedApp> resolve_or_say(Context& context, const ecosystem::AppConfig& config,
                                                     const ecosystem::ResolveContext& resolving) {
    auto resolved = ecosystem::resolve(config, resolving);
    if (!resolved) {
        context.console.error("Error: " + resolved.error().message);
        return std::nullopt;
    }
    for (const std::string& warning : resolved->warnings) context.console.warn(warning);
    return std::move(*resolved);
}

void say_changes(Context& context, const std::string& name, const Changes& changes, std::size_t running) {
    const std::string shown = printable(name);
    if (!changes.applied.empty())
        context.console.info(fmt::format("{}: changed {}", shown, fmt::join(changes.applied, ", ")));
    if (!changes.fixed.empty())
        context.console.warn(fmt::format("{}: {} cannot change until the app is deleted", shown,
                                         fmt::join(changes.fixed, ", ")));
    if (changes.wanted_instances != 0)
        context.console.warn(fmt::format(
            "{0}: the file asks for {1} instances, there are {2}; `kpm scale {0} {1}` changes that", shown,
            changes.wanted_instances, running));
}

// A start that the daemon has been asked for.
struct Asked {
    std::size_t item;
    std::string name;
    unsigned instances;
    ipc::Client::Ticket ticket;
};

class StartRun {
public:
    StartRun(Context& context, const std::vector<StartItem>& items, const StartRequest& request)
        : context_(context),
          items_(items),
          request_(request),
          work_(context, worked(items), OrderedWork::Order::DependenciesFirst,
                request.action == Action::Reload ? "reload" : "start") {}

    // Without waiting for one before the next is asked for: the daemon and the keeper work side by side.
    bool run() {
        context_.session->prepare_to_show();
        for (;;) {
            const auto next = asked_.size() < kMostAsked ? work_.take() : std::nullopt;
            if (next)
                begin(*next);
            else if (!asked_.empty())
                take_answer();
            else if (work_.is_waiting())
                work_.wait();
            else
                return is_good_ && work_.is_good();
        }
    }

private:
    static std::vector<WorkedApp> worked(const std::vector<StartItem>& items) {
        std::vector<WorkedApp> apps;
        for (const StartItem& item : items) apps.push_back({item.name, item.needs});
        return apps;
    }

    void end(std::size_t item, bool is_good) {
        is_good_ &= is_good;
        if (is_good)
            work_.done(item);
        else
            work_.failed(item);
    }

    void begin(std::size_t place) {
        const StartItem& item = items_[place];
        if (item.is_running) return end(place, true);
        if (item.rows.empty()) return ask(place, item);
        end(place, item.app == nullptr ? restart_as_stored(item) : restart_by_file(item));
    }

    bool restart_as_stored(const StartItem& item) {
        ActionRequest request{Action::Restart, item.name, {}};
        if (item.is_asked_for) request.env = request_.env;
        for (const ProcessRow& row : item.rows) request.ids.push_back(row.id);
        return act(context_, request, item.rows);
    }

    std::optional<ecosystem::ResolvedApp> resolve(const StartItem& item) {
        auto resolved = resolve_or_say(context_, item.app->config, request_.resolving);
        if (resolved) resolved->config.depends_on = item.needs;
        return resolved;
    }

    bool restart_by_file(const StartItem& item) {
        const auto resolved = resolve(item);
        if (!resolved) return false;
        ActionRequest request{request_.action, item.name, {}, restart_env(*item.app, *resolved)};
        for (const ProcessRow& row : item.rows) request.ids.push_back(row.id);
        const Changes changes =
            changes_of(*item.app, *resolved, request.env, item.rows, context_.session->cpus());
        if (!act(context_, request, item.rows)) return false;
        say_changes(context_, item.name, changes, item.rows.size());
        return true;
    }

    void say_missing() {
        if (std::exchange(has_said_missing_, true)) return;
        std::string names;
        for (const StartItem& item : items_)
            if (item.rows.empty())
                names += (names.empty() ? "" : ", ") + ecosystem::name_of(item.app->config);
        context_.console.warn(fmt::format("Applications {} not running, starting...", names));
    }

    void ask(std::size_t place, const StartItem& item) {
        say_missing();
        const auto resolved = resolve(item);
        if (!resolved) return end(place, false);
        const ecosystem::AppConfig& config = resolved->config;
        if (config.wait_ready) {
            context_.console.warn(
                fmt::format("App {} has option 'wait_ready' set, waiting for app to be ready...",
                            printable(config.name)));
        }
        make_folders(context_, config);
        const bool is_first = asked_.empty();
        asked_.push_back({place, config.name, ecosystem::instance_count(config, context_.session->cpus()),
                          ask_to_start(*context_.session, config)});
        ipc::Client& client = context_.session->client();
        if (is_first || client.unsent() >= kTogether) (void)client.flush();  // take_answer() tells
    }

    // Of the first that was asked for; of any where an app may wait just for that one.
    void take_answer() {
        auto asked = asked_.begin();
        Result<Json> answer = Json();
        if (asked_.size() < kMostAsked && work_.has_more())
            std::tie(asked, answer) = next_answer();
        else
            answer = wait_showing(context_, asked->ticket, fmt::format("starting {}", asked->name));
        const Asked done = *asked;
        asked_.erase(asked);
        end(done.item, say_started(done, std::move(answer)));
    }

    std::pair<std::deque<Asked>::iterator, Result<Json>> next_answer() {
        ipc::Client& client = context_.session->client();
        Progress progress(context_.console);
        for (;;) {
            for (auto asked = asked_.begin(); asked != asked_.end(); ++asked) {
                auto answer = client.try_wait(asked->ticket);
                if (!answer) return {asked, answer.error()};
                if (*answer) return {asked, std::move(**answer)};
            }
            progress.show(fmt::format("starting {}", asked_.front().name));
            pollfd watched{client.fd(), static_cast<short>(client.has_unsent() ? POLLIN | POLLOUT : POLLIN),
                           0};
            poll(&watched, 1, static_cast<int>(Progress::kRefresh.count()));
        }
    }

    bool say_started(const Asked& asked, Result<Json> answer) {
        const auto started = started_app(context_, std::move(answer));
        if (!started) {
            say_failed_launch(context_, {.error = started.error(), .app = asked.name, .since = begin_});
            return false;
        }
        say_warnings(context_, *started);
        context_.console.info(
            fmt::format("App [{}] launched ({} instances)", printable(asked.name), asked.instances));
        return true;
    }

    Context& context_;
    const std::vector<StartItem>& items_;
    const StartRequest& request_;
    OrderedWork work_;
    std::deque<Asked> asked_;
    const std::int64_t begin_ = now_ms();
    bool has_said_missing_ = false;
    bool is_good_ = true;
};

}  // namespace

bool start_in_order(Context& context, const std::vector<StartItem>& items, const StartRequest& request) {
    return StartRun(context, items, request).run();
}

}  // namespace kpm::cli

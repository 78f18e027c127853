#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

#include "cli/config_apps.h"
#include "cli/notes.h"
#include "cli/restart_by_file.h"

namespace kpm::cli {
namespace {

using ecosystem::ParsedApp;

constexpr std::size_t kMostAsked = 64;  // starts that the daemon has not answered yet

std::string full_name(const ParsedApp& app, const std::string& env_name) {
    std::string name = ecosystem::name_of(app.config);
    if (app.config.append_env_to_name && !env_name.empty()) name += "-" + env_name;
    return name;
}

std::vector<Json> ids_named(const std::string& name, std::span<const ProcessRow> rows) {
    std::vector<Json> ids;
    for (const ProcessRow& row : rows) {
        if (row.name == name) ids.push_back(row.id);
    }
    return ids;
}

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

// A start that the daemon has been asked for.
struct Asked {
    std::string name;
    unsigned instances;
    ipc::Client::Ticket ticket;
};

bool say_started(Context& context, const Asked& asked) {
    const auto started = started_app(context, asked.ticket, asked.name);
    if (!started) {
        context.console.error(started.error().message);
        return false;
    }
    say_warnings(context, *started);
    context.console.info(
        fmt::format("App [{}] launched ({} instances)", printable(asked.name), asked.instances));
    return true;
}

// In the order of the file, but without waiting for one before the next is asked for: the daemon and the
// keeper work side by side.
bool start_missing(Context& context, const std::vector<const ParsedApp*>& missing,
                   const ecosystem::ResolveContext& resolving) {
    std::string names;
    for (const ParsedApp* app : missing)
        names += (names.empty() ? "" : ", ") + ecosystem::name_of(app->config);
    context.console.warn(fmt::format("Applications {} not running, starting...", names));
    bool good = true;
    std::deque<Asked> asked;
    const auto say_first = [&] {
        good &= say_started(context, asked.front());
        asked.pop_front();
    };
    for (const ParsedApp* app : missing) {
        const auto resolved = resolve_or_say(context, app->config, resolving);
        if (!resolved) {
            good = false;
            continue;
        }
        const ecosystem::AppConfig& config = resolved->config;
        if (config.wait_ready) {
            context.console.warn(
                fmt::format("App {} has option 'wait_ready' set, waiting for app to be ready...",
                            printable(config.name)));
        }
        make_folders(context, config);
        while (asked.size() >= kMostAsked) say_first();
        asked.push_back({config.name, ecosystem::instance_count(config, context.session->cpus()),
                         ask_to_start(*context.session, config)});
    }
    while (!asked.empty()) say_first();
    return good;
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

// The processes of each name that no app of the file has taken yet. Apps of one name share them in the order
// of the file, in which they were started (PM2 restarts all of them for each, and starts each anew).
class Running {
public:
    Running(std::span<const ProcessRow> rows, const std::vector<std::string>& names) {
        for (const ProcessRow& row : rows) left_[row.name].push_back(row);
        for (auto& [name, of_name] : left_) std::ranges::sort(of_name, {}, &ProcessRow::id);
        for (const std::string& name : names) ++waiting_[name];
    }

    bool has(const std::string& name) { return !left_[name].empty(); }

    std::vector<ProcessRow> take(const std::string& name, std::size_t instances) {
        std::vector<ProcessRow>& left = left_[name];
        const bool is_last = --waiting_[name] == 0;
        const auto count =
            static_cast<std::ptrdiff_t>(is_last ? left.size() : std::min(instances, left.size()));
        std::vector<ProcessRow> taken(left.begin(), left.begin() + count);
        left.erase(left.begin(), left.begin() + count);
        return taken;
    }

private:
    std::map<std::string, std::vector<ProcessRow>> left_;
    std::map<std::string, int> waiting_;
};

bool act_on_app(Context& context, const ParsedApp& app, const ecosystem::ResolvedApp& resolved, Action action,
                std::span<const ProcessRow> rows) {
    const std::string& name = resolved.config.name;
    ActionRequest request{action, name, {}, restart_env(app, resolved)};
    for (const ProcessRow& row : rows) request.ids.push_back(row.id);
    const Changes changes = changes_of(app, resolved, request.env, rows, context.session->cpus());
    if (!act(context, request, rows)) return false;
    say_changes(context, name, changes, rows.size());
    return true;
}

int start_apps(Context& context, const ConfiguredApps& file, Action action) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    auto resolving = resolve_context(context, true);
    resolving.deploy_env = file.deploy_env;
    std::vector<std::string> names;
    for (const ParsedApp& app : file.apps) names.push_back(full_name(app, resolving.env_name));
    Running running(list->rows, names);
    std::vector<const ParsedApp*> missing;
    bool good = true;
    for (std::size_t i = 0; i < file.apps.size(); ++i) {
        const ParsedApp& app = file.apps[i];
        if (!running.has(names[i])) {
            missing.push_back(&app);
            continue;
        }
        const auto resolved = resolve_or_say(context, app.config, resolving);
        if (!resolved) {
            good = false;
            continue;
        }
        const auto rows =
            running.take(names[i], ecosystem::instance_count(resolved->config, context.session->cpus()));
        good &= act_on_app(context, app, *resolved, action, rows);
    }
    if (!missing.empty()) good &= start_missing(context, missing, resolving);
    return good ? kDone : kFailed;
}

int end_apps(Context& context, const ConfiguredApps& file, Action action) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    for (const ParsedApp& app : file.apps) {
        const std::string name = full_name(app, context.line.value("env").value_or(""));
        ActionRequest request{action, name, ids_named(name, list->rows)};
        request.announced = false;
        if (!act(context, request, list->rows)) return kFailed;
    }
    return kDone;
}

}  // namespace

int act_on_file(Context& context, const std::string& word, FileAction action) {
    const auto apps = apps_of(context, word);
    if (!apps) return kFailed;
    switch (action) {
        case FileAction::Start:
            return start_apps(context, *apps, Action::Restart);
        case FileAction::Reload:
            return start_apps(context, *apps, Action::Reload);
        case FileAction::Stop:
            return end_apps(context, *apps, Action::Stop);
        case FileAction::Delete:
            return end_apps(context, *apps, Action::Delete);
    }
    return kFailed;
}

}  // namespace kpm::cli

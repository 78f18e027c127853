#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/config_apps.h"
#include "cli/start_run.h"

namespace kpm::cli {
namespace {

using ecosystem::ParsedApp;

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

int start_apps(Context& context, const ConfiguredApps& file, Action action) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    StartRequest request{.action = action, .resolving = resolve_context(context, true)};
    request.resolving.deploy_env = file.deploy_env;
    std::vector<FileApp> apps;
    std::vector<std::string> names;
    for (const auto* part : {&file.apps, &file.others}) {
        for (const ParsedApp& app : *part) {
            apps.push_back({&app, full_name(app, request.resolving.env_name), {}, part == &file.apps});
            names.push_back(apps.back().name);
        }
    }
    Running running(list->rows, names);
    for (FileApp& app : apps)
        app.rows =
            running.take(app.name, ecosystem::instance_count(app.app->config, context.session->cpus()));
    if (const auto checked = check_file_dependencies(apps, list->rows, request.resolving); !checked)
        return context.fail(checked.error());
    return start_in_order(context, start_set(apps, list->rows), request) ? kDone : kFailed;
}

// What the apps of the file depend on comes after them.
int end_apps(Context& context, const ConfiguredApps& file, Action action) {
    const auto list = context.session->list();
    if (!list) return context.fail(list.error());
    std::vector<std::string> names;
    for (const ParsedApp& app : file.apps)
        names.push_back(full_name(app, context.line.value("env").value_or("")));
    std::vector<ecosystem::AppNeeds> needs;
    for (std::size_t i = 0; i < names.size(); ++i)
        needs.push_back({names[i], &file.apps[i].config.depends_on});
    auto order = ecosystem::stop_order(needs);
    std::set<std::string> ended;
    while (const auto next = order.take()) {
        const std::string& name = names[*next];
        // The first of several apps of one name has ended the processes of all.
        if (ended.insert(name).second) {
            ActionRequest request{action, name, ids_named(name, list->rows)};
            request.announced = false;
            if (!act(context, request, list->rows)) return kFailed;
        }
        order.done(*next);
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

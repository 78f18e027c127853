#include "cli/start_set.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <unordered_map>

#include "cli/target.h"

namespace kpm::cli {
namespace {

using ecosystem::Condition;
using ecosystem::Dependencies;

std::vector<ProcessRow> rows_named(std::string_view name, std::span<const ProcessRow> rows) {
    std::vector<ProcessRow> found;
    std::ranges::copy_if(rows, std::back_inserter(found),
                         [&](const ProcessRow& row) { return row.name == name; });
    return found;
}

// With the names that --env has changed.
Dependencies needs_of(const FileApp& app, std::span<const FileApp> file) {
    Dependencies needs;
    for (const auto& [name, condition] : app.app->config.depends_on) {
        const auto declared = std::ranges::find_if(
            file, [&](const FileApp& one) { return ecosystem::name_of(one.app->config) == name; });
        needs.emplace(declared == file.end() ? name : declared->name, condition);
    }
    return needs;
}

class Builder {
public:
    Builder(std::span<const FileApp> file, std::span<const ProcessRow> rows) : file_(file), rows_(rows) {}

    void ask_for(const FileApp& app) { add(app.name, needs_of(app, file_), app.app, app.rows, true); }
    void ask_for(const std::string& name, std::vector<ProcessRow> rows) {
        Dependencies needs = needs_in(rows.front().env());
        add(name, std::move(needs), nullptr, std::move(rows), true);
    }

    std::vector<StartItem> build() {
        // By place: items are added meanwhile.
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i].is_running) continue;
            const Dependencies needs = items_[i].needs;
            for (const auto& [name, condition] : needs) pull(name, condition);
        }
        return std::move(items_);
    }

private:
    void add(const std::string& name, Dependencies needs, const ecosystem::ParsedApp* app,
             std::vector<ProcessRow> rows, bool is_asked_for) {
        items_.push_back({name, std::move(needs), app, std::move(rows), is_asked_for, false});
    }

    void pull(const std::string& name, Condition condition) {
        if (std::ranges::find(items_, name, &StartItem::name) != items_.end()) return;
        bool is_in_file = false;
        for (const FileApp& app : file_) {
            if (app.name != name) continue;
            is_in_file = true;
            if (app.rows.empty())
                add(name, needs_of(app, file_), app.app, {}, false);
            else
                pull_known(name, condition, needs_of(app, file_), app.app, app.rows);
        }
        auto rows = rows_named(name, rows_);
        if (is_in_file || rows.empty()) return;
        Dependencies needs = needs_in(rows.front().env());
        pull_known(name, condition, std::move(needs), nullptr, std::move(rows));
    }

    void pull_known(const std::string& name, Condition condition, Dependencies needs,
                    const ecosystem::ParsedApp* app, std::vector<ProcessRow> rows) {
        if (condition == Condition::Completed) {
            std::string why;
            const Completion completion = completion_of(name, rows, why);
            if (completion == Completion::Completed) return;
            if (completion == Completion::Running) {
                items_.push_back({name, {}, app, std::move(rows), false, true});
                return;
            }
        } else if (!std::ranges::all_of(rows, is_down)) {
            return;
        }
        add(name, std::move(needs), app, std::move(rows), false);
    }

    std::span<const FileApp> file_;
    std::span<const ProcessRow> rows_;
    std::vector<StartItem> items_;
};

// What is known of the apps that others depend on, looked up when it is asked for.
class Lookup {
public:
    Lookup(const std::vector<FileApp>& file, std::span<const ProcessRow> rows,
           const ecosystem::ResolveContext& resolving)
        : file_(file), rows_(rows), resolving_(resolving) {}

    const ecosystem::AppConfig* find(const std::string& name) {
        if (const auto known = found_.find(name); known != found_.end()) return &known->second;
        if (const auto app = std::ranges::find(file_, name, &FileApp::name); app != file_.end()) {
            // What is wrong with it otherwise is said when it is started.
            const auto resolved = ecosystem::resolve(app->app->config, resolving_);
            return &(found_[name] = resolved ? resolved->config : app->app->config);
        }
        const auto row = std::ranges::find(rows_, name, &ProcessRow::name);
        if (row == rows_.end()) return nullptr;
        auto stored = ecosystem::parse_wire(row->env());
        return &(found_[name] = stored ? std::move(*stored) : ecosystem::AppConfig());
    }

private:
    const std::vector<FileApp>& file_;
    std::span<const ProcessRow> rows_;
    const ecosystem::ResolveContext& resolving_;
    std::map<std::string, ecosystem::AppConfig> found_;
};

}  // namespace

std::vector<StartItem> start_set(std::vector<FileApp> file, std::span<const ProcessRow> rows) {
    Builder builder(file, rows);
    for (const bool is_known : {true, false})
        for (const FileApp& app : file)
            if (app.is_asked_for && app.rows.empty() != is_known) builder.ask_for(app);
    return builder.build();
}

std::vector<StartItem> start_set(const std::vector<Json>& ids, std::span<const ProcessRow> rows) {
    const RowsById by_id(rows);
    std::vector<std::pair<std::string, std::vector<ProcessRow>>> asked;
    std::unordered_map<std::string, std::size_t> places;  // in it
    for (const Json& id : ids) {
        const ProcessRow* row = by_id.find(id);
        if (row == nullptr) continue;
        const auto [place, is_new] = places.emplace(row->name, asked.size());
        if (is_new) asked.push_back({row->name, {}});
        asked[place->second].second.push_back(*row);
    }
    Builder builder({}, rows);
    for (auto& [name, of_name] : asked) builder.ask_for(name, std::move(of_name));
    return builder.build();
}

Result<void> check_file_dependencies(const std::vector<FileApp>& file, std::span<const ProcessRow> rows,
                                     const ecosystem::ResolveContext& resolving) {
    std::deque<std::pair<std::string, Dependencies>> known;  // does not move
    std::vector<ecosystem::AppNeeds> apps;
    const auto add = [&](std::string name, Dependencies needs) {
        known.emplace_back(std::move(name), std::move(needs));
        apps.push_back({known.back().first, &known.back().second});
    };
    for (const FileApp& app : file) add(app.name, needs_of(app, file));
    if (std::ranges::all_of(known, [](const auto& app) { return app.second.empty(); })) return {};

    std::vector<std::string_view> names;
    for (const FileApp& app : file) names.push_back(app.name);
    for (const ProcessRow& row : rows) names.push_back(row.name);
    Lookup lookup(file, rows, resolving);
    const auto find = [&](std::string_view name) { return lookup.find(std::string(name)); };
    if (auto checked = ecosystem::check_dependencies(apps, find, names); !checked) return checked;

    // The daemon's apps on the way, which may lead back.
    for (std::size_t i = 0; i < known.size(); ++i) {
        const Dependencies needs = known[i].second;
        for (const auto& [name, condition] : needs) {
            if (std::ranges::find(apps, name, &ecosystem::AppNeeds::name) != apps.end()) continue;
            if (const auto row = std::ranges::find(rows, name, &ProcessRow::name); row != rows.end())
                add(name, needs_in(row->env()));
        }
    }
    return ecosystem::check_circle(apps);
}

bool is_down(const ProcessRow& row) {
    return row.status == "stopped" || row.status == "stopping" || row.status == "errored";
}

}  // namespace kpm::cli

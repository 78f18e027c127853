#include "ecosystem/dependency_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "ecosystem/readiness.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

// `visit(app, dependency, condition)` for each pair among the apps.
template <class Visit>
void for_each_pair(std::span<const AppNeeds> apps, Visit visit) {
    const auto has_needs = [](const AppNeeds& app) { return app.needs != nullptr && !app.needs->empty(); };
    if (std::ranges::none_of(apps, has_needs)) return;
    std::unordered_map<std::string_view, std::vector<std::size_t>> by_name;
    for (std::size_t i = 0; i < apps.size(); ++i) by_name[apps[i].name].push_back(i);
    for (std::size_t i = 0; i < apps.size(); ++i) {
        if (!has_needs(apps[i])) continue;
        for (const auto& [name, condition] : *apps[i].needs)
            if (const auto found = by_name.find(name); found != by_name.end())
                for (const std::size_t dependency : found->second) visit(i, dependency, condition);
    }
}

Error not_startable(std::string_view app, std::string reason) {
    return {ErrorCode::Invalid, fmt::format("cannot start '{}': {}", app, reason)};
}

// A job that is started again after a good end is never over.
bool can_complete(const AppConfig& config) {
    return !config.autorestart ||
           std::ranges::find(config.stop_exit_codes, 0) != config.stop_exit_codes.end();
}

Result<void> check_pair(std::string_view app, std::string_view dependency, Condition condition,
                        const AppConfig& config) {
    if (condition == Condition::Completed && !can_complete(config))
        return not_startable(app, fmt::format("it depends on the completion of '{0}', which is started again "
                                              "whenever it ends; give '{0}' autorestart: false",
                                              dependency));
    if (condition == Condition::Ready && !tells_ready(config))
        return not_startable(app, fmt::format("it depends on '{0}' being ready, which '{0}' does not tell; "
                                              "give '{0}' wait_ready: true, or wait for started",
                                              dependency));
    return {};
}

}  // namespace

std::size_t AppList::add(std::string_view name, const Dependencies& needs) {
    std::vector<std::size_t>& of_name = by_name_[name];
    for (const std::size_t app : of_name)
        if (*apps_[app].needs == needs) return app;
    of_name.push_back(apps_.size());
    apps_.push_back({name, &needs});
    return of_name.back();
}

StartOrder start_order(std::span<const AppNeeds> apps) {
    StartOrder order{Precedence(apps.size()), {}};
    std::unordered_map<std::size_t, std::size_t> ends;  // by app
    for_each_pair(apps, [&](std::size_t app, std::size_t dependency, Condition condition) {
        if (condition != Condition::Completed) return order.tasks.add(dependency, app);
        auto end = ends.find(dependency);
        if (end == ends.end()) {
            end = ends.emplace(dependency, order.tasks.add_task()).first;
            order.end_of.push_back(dependency);
            order.tasks.add(dependency, end->second);
        }
        order.tasks.add(end->second, app);
    });
    return order;
}

Precedence stop_order(std::span<const AppNeeds> apps) {
    Precedence order(apps.size());
    for_each_pair(apps,
                  [&](std::size_t app, std::size_t dependency, Condition) { order.add(app, dependency); });
    return order;
}

Result<void> check_dependencies(std::span<const AppNeeds> apps, const FindApp& find,
                                std::span<const std::string_view> names) {
    for (const AppNeeds& app : apps) {
        if (app.needs == nullptr) continue;
        for (const auto& [name, condition] : *app.needs) {
            const AppConfig* config = find(name);
            if (config == nullptr) {
                std::string reason = fmt::format("it depends on '{}', and there is no such app", name);
                if (const auto hint = nearest(name, names))
                    reason += fmt::format(" (did you mean '{}'?)", *hint);
                return not_startable(app.name, std::move(reason));
            }
            if (auto checked = check_pair(app.name, name, condition, *config); !checked) return checked;
        }
    }
    return {};
}

Result<void> check_circle(std::span<const AppNeeds> apps) {
    const auto circle = stop_order(apps).circle();
    if (circle.empty()) return {};
    std::string path;
    for (const std::size_t app : circle)
        path += fmt::format("{}{}", path.empty() ? "" : " -> ", apps[app].name);
    return not_startable(apps[circle.front()].name, fmt::format("depends_on goes in a circle: {}", path));
}

}  // namespace kpm::ecosystem

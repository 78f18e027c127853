#pragma once
// The order of several apps by `depends_on`: what they depend on is started before them and stopped after
// them. What of it is not among these apps counts for nothing here; apps of one name are ordered alike. Pure.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ecosystem/app_config.h"
#include "ecosystem/precedence.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

struct AppNeeds {
    std::string_view name;
    const Dependencies* needs = nullptr;  // null: none
};

// The apps among many processes: those of one name with the same needs are one.
class AppList {
public:
    // The app's place. Both must outlive the list.
    std::size_t add(std::string_view name, const Dependencies& needs);
    std::span<const AppNeeds> apps() const { return apps_; }

private:
    std::vector<AppNeeds> apps_;
    std::unordered_map<std::string_view, std::vector<std::size_t>> by_name_;
};

// Task i is the start of apps[i], done when it is there. Where others wait until it has completed there is
// another task for that: `end_of` has its app.
struct StartOrder {
    Precedence tasks;
    std::vector<std::size_t> end_of;  // of task apps.size() + i
};
StartOrder start_order(std::span<const AppNeeds> apps);

// Task i is the stop of apps[i].
Precedence stop_order(std::span<const AppNeeds> apps);

// What apps are told of when their dependencies are looked at, by name; null: there is no such app.
using FindApp = std::function<const AppConfig*(std::string_view name)>;

// Why these apps cannot be started: one depends on an app that `find` does not know (the hint is made from
// `names`), or that can never be what is waited for.
Result<void> check_dependencies(std::span<const AppNeeds> apps, const FindApp& find,
                                std::span<const std::string_view> names);
// Why they cannot be started: one depends, by way of others, on itself.
Result<void> check_circle(std::span<const AppNeeds> apps);

}  // namespace kpm::ecosystem

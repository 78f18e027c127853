#include "cli/ordered_places.h"

#include <algorithm>

namespace kpm::cli {

OrderedPlaces::OrderedPlaces(Context& context, std::vector<WorkedApp> processes, OrderedWork::Order order,
                             std::string_view verb, OrderedWork::OnFailure on_failure)
    : work_(context, group(std::move(processes)), order, verb, on_failure) {}

std::vector<WorkedApp> OrderedPlaces::group(std::vector<WorkedApp> processes) {
    const bool has_needs =
        std::ranges::any_of(processes, [](const WorkedApp& process) { return !process.needs.empty(); });
    ecosystem::AppList list;
    std::vector<std::size_t> first;  // process of each app
    for (std::size_t place = 0; place < processes.size(); ++place) {
        const std::size_t app = has_needs ? list.add(processes[place].name, processes[place].needs) : place;
        if (app == first.size()) {
            first.push_back(place);
            places_.emplace_back();
            open_.push_back(0);
        }
        places_[app].push_back(place);
        ++open_[app];
        app_of_.push_back(app);
    }
    std::vector<WorkedApp> apps;
    for (const std::size_t place : first) apps.push_back(std::move(processes[place]));
    return apps;
}

std::optional<std::size_t> OrderedPlaces::next() {
    if (ready_.empty()) {
        const auto app = work_.take();
        if (!app) return std::nullopt;
        ready_.assign(places_[*app].begin(), places_[*app].end());
    }
    const std::size_t place = ready_.front();
    ready_.pop_front();
    return place;
}

void OrderedPlaces::done(std::size_t place) {
    const std::size_t app = app_of_[place];
    if (--open_[app] == 0) work_.done(app);
}

bool OrderedPlaces::wait() {
    if (!work_.is_waiting()) return false;
    work_.wait();
    return true;
}

}  // namespace kpm::cli

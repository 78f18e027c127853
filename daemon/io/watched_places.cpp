#include "daemon/io/watched_places.h"

#include <utility>

namespace kpm::io {

const WatchedPlace* WatchedPlaces::find(int watch) const {
    const auto found = places_.find(watch);
    return found == places_.end() ? nullptr : &found->second;
}

void WatchedPlaces::put(int watch, WatchedPlace place) {
    erase(watch);
    by_path_.emplace(place.path, watch);
    places_.emplace(watch, std::move(place));
}

void WatchedPlaces::erase(int watch) {
    const auto place = places_.find(watch);
    if (place == places_.end()) return;
    const auto [first, last] = by_path_.equal_range(place->second.path);
    for (auto entry = first; entry != last; ++entry)
        if (entry->second == watch) {
            by_path_.erase(entry);
            break;
        }
    places_.erase(place);
}

WatchedPlaces::Taken WatchedPlaces::take_below(const std::string& path) {
    Taken taken;
    const auto take = [&](auto first, auto last) {
        for (auto entry = first; entry != last; ++entry) {
            const auto place = places_.find(entry->second);
            taken.had_link = taken.had_link || place->second.is_through_link;
            taken.watches.push_back(entry->second);
            places_.erase(place);
        }
        by_path_.erase(first, last);
    };
    // "a-b" sorts between "a" and "a/b": two ranges.
    take(by_path_.lower_bound(path), by_path_.upper_bound(path));
    const std::string inside = path == "/" ? path : path + '/';
    std::string behind = inside;
    behind.back() = '/' + 1;
    take(by_path_.lower_bound(inside), by_path_.lower_bound(behind));
    return taken;
}

std::vector<int> WatchedPlaces::take_older(std::uint64_t scan) {
    std::vector<int> watches;
    for (const auto& [watch, place] : places_)
        if (place.scan != scan) watches.push_back(watch);
    for (const int watch : watches) erase(watch);
    return watches;
}

}  // namespace kpm::io

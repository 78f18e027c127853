#include "daemon/core/namesakes.h"

#include <algorithm>

namespace kpm::core {

namespace {

// Where `index` is, or would be.
auto place_of(auto& indices, int index) {
    return std::ranges::lower_bound(indices, index, {}, [](const auto& entry) { return entry.first; });
}

bool has(const auto& indices, int index) {
    const auto at = place_of(indices, index);
    return at != indices.end() && at->first == index;
}

}  // namespace

void Namesakes::add(const std::string& name, int pm_id, int index) {
    Group& group = groups_[name];
    const auto at = std::ranges::lower_bound(group.ids, pm_id);
    if (at != group.ids.end() && *at == pm_id) return;
    group.ids.insert(at, pm_id);
    auto counted = place_of(group.indices, index);
    if (counted == group.indices.end() || counted->first != index)
        counted = group.indices.insert(counted, {index, 0});
    ++counted->second;
    while (has(group.indices, group.lowest_free)) ++group.lowest_free;
}

void Namesakes::remove(const std::string& name, int pm_id, int index) {
    const auto found = groups_.find(name);
    if (found == groups_.end()) return;
    Group& group = found->second;
    const auto at = std::ranges::lower_bound(group.ids, pm_id);
    if (at == group.ids.end() || *at != pm_id) return;
    group.ids.erase(at);
    if (const auto counted = place_of(group.indices, index);
        counted != group.indices.end() && counted->first == index && --counted->second == 0) {
        group.indices.erase(counted);
        if (index >= 0) group.lowest_free = std::min(group.lowest_free, index);
    }
    if (group.ids.empty()) groups_.erase(found);
}

const std::vector<int>& Namesakes::ids(const std::string& name) const {
    static const std::vector<int> kNone;
    const auto found = groups_.find(name);
    return found == groups_.end() ? kNone : found->second.ids;
}

bool Namesakes::has_index(const std::string& name, int index) const {
    const auto found = groups_.find(name);
    return found != groups_.end() && has(found->second.indices, index);
}

int Namesakes::free_index(const std::string& name) const {
    const auto found = groups_.find(name);
    return found == groups_.end() ? 0 : found->second.lowest_free;
}

}  // namespace kpm::core

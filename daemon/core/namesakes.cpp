#include "daemon/core/namesakes.h"

#include <algorithm>

namespace kpm::core {

void Namesakes::add(const std::string& name, int pm_id, int index) {
    Group& group = groups_[name];
    if (!group.ids.insert(pm_id).second) return;
    ++group.indices[index];
    while (group.indices.contains(group.lowest_free)) ++group.lowest_free;
}

void Namesakes::remove(const std::string& name, int pm_id, int index) {
    const auto found = groups_.find(name);
    if (found == groups_.end() || found->second.ids.erase(pm_id) == 0) return;
    Group& group = found->second;
    if (--group.indices[index] == 0) {
        group.indices.erase(index);
        if (index >= 0) group.lowest_free = std::min(group.lowest_free, index);
    }
    if (group.ids.empty()) groups_.erase(found);
}

const std::set<int>& Namesakes::ids(const std::string& name) const {
    static const std::set<int> kNone;
    const auto found = groups_.find(name);
    return found == groups_.end() ? kNone : found->second.ids;
}

bool Namesakes::has_index(const std::string& name, int index) const {
    const auto found = groups_.find(name);
    return found != groups_.end() && found->second.indices.contains(index);
}

int Namesakes::free_index(const std::string& name) const {
    const auto found = groups_.find(name);
    return found == groups_.end() ? 0 : found->second.lowest_free;
}

}  // namespace kpm::core

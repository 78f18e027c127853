#pragma once
// Things that are to be done for slots again and again, for each of them at once after a rest and else no
// sooner than `pause` after the last time: a burst costs two. Driven by the supervisor, in its time. Pure.

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/core/time.h"

namespace kpm::core {

class Paced {
public:
    explicit Paced(Duration pause) : pause_(pause) {}

    void ask(int pm_id, TimePoint now) {
        Entry& entry = entries_[pm_id];
        if (entry.due) return;
        entry.due = entry.last ? std::max(now, *entry.last + pause_) : now;
        due_.insert({*entry.due, pm_id});
    }
    // Those whose time has come; the caller does it for them now.
    std::vector<int> take_due(TimePoint now) {
        std::vector<int> ids;
        while (!due_.empty() && due_.begin()->first <= now) {
            ids.push_back(due_.begin()->second);
            due_.erase(due_.begin());
            entries_[ids.back()] = {.last = now, .due = {}};
        }
        return ids;
    }
    void forget(int pm_id) {
        const auto entry = entries_.find(pm_id);
        if (entry == entries_.end()) return;
        if (entry->second.due) due_.erase({*entry->second.due, pm_id});
        entries_.erase(entry);
    }
    // When take_due() has something.
    std::optional<TimePoint> next() const {
        if (due_.empty()) return std::nullopt;
        return due_.begin()->first;
    }

private:
    struct Entry {
        std::optional<TimePoint> last;
        std::optional<TimePoint> due;
    };

    Duration pause_;
    std::map<int, Entry> entries_;
    std::set<std::pair<TimePoint, int>> due_;  // earliest first
};

}  // namespace kpm::core

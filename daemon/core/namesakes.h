#pragma once
// Which slots have one name, and which NODE_APP_INSTANCE numbers they have. Kept by the supervisor beside its
// table, so that no event costs more with ten thousand instances than with ten.

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kpm::core {

class Namesakes {
public:
    void add(const std::string& name, int pm_id, int index);
    void remove(const std::string& name, int pm_id, int index);

    const std::vector<int>& ids(const std::string& name) const;  // ascending
    bool has_index(const std::string& name, int index) const;
    // The lowest number that no slot of this name has: PM2 fills the holes that deletes leave.
    int free_index(const std::string& name) const;

private:
    // Sorted vectors: a node of a tree would take ten times the memory, and ids come in ascending order.
    struct Group {
        std::vector<int> ids;
        // An index, and how many slots have it: two may, of a dump that was edited.
        std::vector<std::pair<int, int>> indices;
        int lowest_free = 0;
    };

    std::unordered_map<std::string, Group> groups_;
};

}  // namespace kpm::core

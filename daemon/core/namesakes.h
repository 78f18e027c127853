#pragma once
// Which slots have one name, and which NODE_APP_INSTANCE numbers they have. Kept by the supervisor beside its
// table, so that no event costs more with ten thousand instances than with ten.

#include <map>
#include <set>
#include <string>
#include <unordered_map>

namespace kpm::core {

class Namesakes {
public:
    void add(const std::string& name, int pm_id, int index);
    void remove(const std::string& name, int pm_id, int index);

    const std::set<int>& ids(const std::string& name) const;
    bool has_index(const std::string& name, int index) const;
    // The lowest number that no slot of this name has: PM2 fills the holes that deletes leave.
    int free_index(const std::string& name) const;

private:
    struct Group {
        std::set<int> ids;
        std::map<int, int> indices;  // how many slots have it: two may, of a dump that was edited
        int lowest_free = 0;
    };

    std::unordered_map<std::string, Group> groups_;
};

}  // namespace kpm::core

#pragma once
// The files that kpm itself writes: its home, and the logs and pid files of all managed apps wherever they
// lie. No app is restarted by a change of them, also not of those of another app: two that log into one
// watched folder would restart each other for ever. One set for all watchers, looked up by path when
// something has changed, so that an app costs nothing for its files in the home. Pure.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kpm::core {

class OwnFiles {
public:
    // Absolute, with all below it.
    void add_folder(std::string path);
    // The files of a slot, absolute; what it had before is forgotten. What lies in a folder may be left out.
    void set(int pm_id, std::vector<std::string> paths);
    void forget(int pm_id) { set(pm_id, {}); }

    bool covers(std::string_view path) const;
    bool is_in_folder(std::string_view path) const;

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::vector<std::string> folders_;
    std::unordered_map<std::string, int, Hash, std::equal_to<>> files_;  // how many slots have it
    std::unordered_map<int, std::vector<std::string>> by_slot_;
};

}  // namespace kpm::core

#pragma once
// What the numbers of inotify's watches stand for, by number and by path. No system calls.

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/io/file_status.h"

namespace kpm::io {

struct WatchedPlace {
    enum class Kind { Directory, File, Link };
    Kind kind = Kind::Directory;
    std::string path;
    std::string real;  // the path without symbolic links, where it is another
    bool is_through_link = false;
    FileIdentity identity{};  // File only
    std::uint64_t scan = 0;   // the last full scan that came here
};

class WatchedPlaces {
public:
    // Valid until the next change.
    const WatchedPlace* find(int watch) const;
    void put(int watch, WatchedPlace place);
    void erase(int watch);
    std::size_t size() const { return places_.size(); }

    struct Taken {
        std::vector<int> watches;
        bool had_link = false;
    };
    // Forgets the path and all below it.
    Taken take_below(const std::string& path);
    // Forgets where the full scan did not come.
    std::vector<int> take_older(std::uint64_t scan);

private:
    std::unordered_map<int, WatchedPlace> places_;
    std::multimap<std::string, int> by_path_;  // a link and what it leads to may have one path
};

}  // namespace kpm::io

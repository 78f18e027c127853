#pragma once
// Where in a configuration file a value was written, so that an error found later can name the line.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kpm::ecosystem {

struct SourceLines {
    std::string file;
    std::unordered_map<std::string, unsigned> lines;  // "apps[0].max_restarts" -> 12

    // Lines are only needed for attributes of apps; deeper values and monstrous keys would cost memory for
    // nothing, and are passed over.
    static constexpr unsigned kMaxDepth = 6;
    static constexpr std::size_t kMaxPath = 256;
    void note(const std::string& path, unsigned depth, unsigned line);
    // The path of a value in the object or list of that path. One that is too long to be noted grows no more.
    static std::string member_path(const std::string& path, std::string_view key);
    static std::string item_path(const std::string& path, std::size_t index);

    // "ecosystem.json:12: apps[0].max_restarts: "; the nearest enclosing value's line when the path has none.
    std::string place(std::string_view path) const;
};

}  // namespace kpm::ecosystem

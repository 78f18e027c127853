#pragma once
// Where in a configuration file a value was written, so that an error found later can name the line.

#include <string>
#include <string_view>
#include <unordered_map>

namespace kpm::ecosystem {

struct SourceLines {
    std::string file;
    std::unordered_map<std::string, unsigned> lines;  // "apps[0].max_restarts" -> 12

    // "ecosystem.json:12: apps[0].max_restarts: "; the nearest enclosing value's line when the path has none.
    std::string place(std::string_view path) const;
};

}  // namespace kpm::ecosystem

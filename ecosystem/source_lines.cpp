#include "ecosystem/source_lines.h"

#include <fmt/format.h>

namespace kpm::ecosystem {

void SourceLines::note(const std::string& path, unsigned depth, unsigned line) {
    if (depth <= kMaxDepth && path.size() <= kMaxPath) lines[path] = line;
}

std::string SourceLines::member_path(const std::string& path, std::string_view key) {
    if (path.size() > kMaxPath) return path;
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string SourceLines::item_path(const std::string& path, std::size_t index) {
    return path.size() > kMaxPath ? path : fmt::format("{}[{}]", path, index);
}

std::string SourceLines::place(std::string_view path) const {
    std::string result;
    for (std::string_view ancestor = path;;) {
        if (const auto found = lines.find(std::string(ancestor)); found != lines.end()) {
            result = fmt::format("{}:{}: ", file, found->second);
            break;
        }
        if (ancestor.empty()) {
            if (!file.empty()) result = file + ": ";
            break;
        }
        const auto end = ancestor.find_last_of(".[");
        ancestor = ancestor.substr(0, end == std::string_view::npos ? 0 : end);
    }
    if (!path.empty()) result += fmt::format("{}: ", path);
    return result;
}

}  // namespace kpm::ecosystem

#include "daemon/core/own_files.h"

#include <algorithm>
#include <utility>

namespace kpm::core {

void OwnFiles::add_folder(std::string path) {
    if (!is_in_folder(path)) folders_.push_back(std::move(path));
}

void OwnFiles::set(int pm_id, std::vector<std::string> paths) {
    const auto known = by_slot_.find(pm_id);
    if (known == by_slot_.end() ? paths.empty() : known->second == paths) return;
    for (const std::string& path : paths) ++files_[path];
    for (const std::string& path : known == by_slot_.end() ? std::vector<std::string>{} : known->second)
        if (const auto file = files_.find(path); --file->second == 0) files_.erase(file);
    if (paths.empty())
        by_slot_.erase(known);
    else
        by_slot_[pm_id] = std::move(paths);
}

bool OwnFiles::covers(std::string_view path) const {
    return files_.contains(path) || is_in_folder(path);
}

bool OwnFiles::is_in_folder(std::string_view path) const {
    return std::ranges::any_of(folders_, [path](const std::string& folder) {
        return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
    });
}

}  // namespace kpm::core

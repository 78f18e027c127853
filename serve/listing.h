#pragma once
// The page that shows a folder. Pure.

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace kpm::serve {

struct FolderEntry {
    std::string name;
    bool is_folder = false;
    std::uint64_t size = 0;
    std::time_t modified = 0;
};

// `path` is the folder's, decoded, without slashes at its ends. Folders come first, each group by name.
std::string listing_page(std::string_view path, std::vector<FolderEntry> entries);

std::string escape_html(std::string_view text);

}  // namespace kpm::serve

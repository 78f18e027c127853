#include "cli/watched_endings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNames = 1000;

bool is_ending(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

void add_files_without(const std::string& folder, std::vector<std::string>& ignored) {
    std::error_code problem;
    const std::size_t limit = ignored.size() + kMostNames;
    for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, problem),
         end;
         at != end && !problem && ignored.size() < limit; at.increment(problem)) {
        const std::string name = at->path().filename();
        std::error_code ignored_problem;
        if (at->is_directory(ignored_problem)) {
            if (name.starts_with('.') || name == "node_modules") at.disable_recursion_pending();
        } else if (name.find('.') == std::string::npos) {
            ignored.push_back(at->path());
        }
    }
}

}  // namespace

Result<std::vector<std::string>> ignored_but(std::string_view endings, const std::string& folder) {
    std::string wanted;
    for (std::string_view ending : split(endings, ',')) {
        ending = trim(ending);
        if (ending.starts_with('.')) ending.remove_prefix(1);
        if (!is_ending(ending))
            return Error{ErrorCode::Invalid,
                         fmt::format("cannot watch '{}': expected endings such as js,json", endings)};
        wanted += "|" + std::string(ending);
    }
    // What follows the last dot of a name: without a dot in it, and none of these.
    std::vector<std::string> ignored{"**/*.!(*.*" + wanted + ")", "**/.*", "**/node_modules"};
    add_files_without(folder, ignored);
    return ignored;
}

}  // namespace kpm::cli

#include "cli/own_programs.h"

#include <fmt/format.h>
#include <unistd.h>

namespace kpm::cli {

namespace fs = std::filesystem;

Result<fs::path> own_program() {
    std::error_code problem;
    fs::path own = fs::read_symlink("/proc/self/exe", problem);
    if (problem) return os_error("read", "/proc/self/exe", problem.value());
    return own;
}

Result<fs::path> find_own_program(std::string_view name) {
    const auto own = own_program();
    if (!own) return own.error();
    const fs::path folder = own->parent_path(), other = folder.parent_path() / "libexec" / "kpm";
    for (const fs::path& place : {folder / name, other / name}) {
        if (access(place.c_str(), X_OK) == 0) return place;
    }
    return Error{ErrorCode::NotFound, fmt::format("cannot find the program '{}': neither in {} nor in {}",
                                                  name, folder.string(), other.string())};
}

}  // namespace kpm::cli

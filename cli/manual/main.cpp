// kpm-manual FOLDER PREFIX: writes the manual pages, completions and the unit of systemd for programs below
// PREFIX into FOLDER. Run when kpm is built; not installed.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/manual/manuals.h"

int main(int argc, char** argv) {
    if (argc != 3) {
        fmt::print(stderr, "usage: kpm-manual FOLDER PREFIX\n");
        return 2;
    }
    for (const kpm::cli::InstalledFile& file : kpm::cli::installed_files(argv[2])) {
        const std::filesystem::path path = std::filesystem::path(argv[1]) / file.path;
        std::error_code problem;
        std::filesystem::create_directories(path.parent_path(), problem);
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out << file.text;
        if (!out.flush()) {
            fmt::print(stderr, "error: cannot write '{}'\n", path.string());
            return 1;
        }
    }
    return 0;
}

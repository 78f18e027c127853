#pragma once
// The built programs where every user can reach them: they may lie in a folder that is root's alone, as a
// clone in /root does. For tests in which another user starts a daemon. Must outlive that daemon.

#include <filesystem>
#include <string>

#include "tests/support/kpm_home.h"
#include "tests/support/temp_dir.h"

namespace kpm::test {

class ProgramsForAll {
public:
    ProgramsForAll() {
        namespace fs = std::filesystem;
        fs::permissions(folder_.path(), fs::perms{0755});
        for (const char* name : {"kpm", "kpmd", "kpm-keeper", "kpm-gpu-monitor"}) {
            std::error_code is_elsewhere;  // on another file system
            fs::create_hard_link(bin_dir() / name, folder_.path() / name, is_elsewhere);
            if (is_elsewhere) fs::copy_file(bin_dir() / name, folder_.path() / name);
        }
    }

    std::string kpm() const { return folder_.path() / "kpm"; }

private:
    TempDir folder_;
};

}  // namespace kpm::test

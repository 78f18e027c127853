#pragma once
// The manual pages of kpm's programs, made of the tables of commands and options that --help is made of, and
// what else is installed beside the programs: completions and a unit of systemd. Pure. Printed by
// cli/manual/main.cpp when kpm is built; docs/cli.md is committed, and a unit test compares.

#include <string>
#include <vector>

#include "ipc/base/manual.h"

namespace kpm::cli {

Manual kpm_manual();
Manual runtime_manual();
Manual dev_manual();
Manual daemon_manual();
Manual keeper_manual();

// What docs/cli.md holds: the manuals of kpm, kpm-runtime and kpm-dev in Markdown.
std::string cli_page();

struct InstalledFile {
    std::string path;  // below share
    std::string text;
};
// With the programs in `prefix`/bin and `prefix`/libexec/kpm.
std::vector<InstalledFile> installed_files(const std::string& prefix);

}  // namespace kpm::cli

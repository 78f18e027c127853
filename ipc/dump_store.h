#pragma once
// dump.pm2, what `save` writes and `resurrect` reads: an array with one pm2_env object per instance, PM2's
// format. Generations are kept beside it: dump.pm2.bak (PM2's name for it), .bak.2, .bak.3, oldest last. Used
// by kpmd (write) and kpm (read); both may die at any point and leave a whole file.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::ipc {

// The version of the elements' format, as kDumpVersionKey in each. PM2 writes none. A reader refuses dumps of
// versions that it does not know: half understood settings would be saved over the good ones.
inline constexpr const char* kDumpVersionKey = "kpm_dump_version";
inline constexpr int kDumpVersion = 1;

// Written beside, flushed to the disk, renamed; the file before it becomes the newest generation, unless it
// says the same. Error (disk full, unwritable home): dump.pm2 is what it was.
Result<void> write_dump(const Home& home, std::string_view text);

// What is wrong with a dump that was read, and parsed by parse_json; "" = nothing.
std::string fault_of_dump(const Json& apps);

struct ReadDump {
    Json apps;  // an array of objects
    std::filesystem::path file;
    std::vector<std::string> warnings;  // why newer generations were not taken
};

// The newest generation that can be used. One that is there but damaged, or of a later version, is renamed to
// <name>.damaged (.damaged.2 …), so that no later `save` pushes it over a good one, and told of in
// `warnings`. NotFound: there is none, its message says what became of those that were there.
Result<ReadDump> read_dump(const Home& home);

}  // namespace kpm::ipc

#pragma once
// What a start has to do with which apps: those that are asked for, and what they depend on that does not run
// yet, from the same file or as the daemon has it. Pure.

#include <string>
#include <vector>

#include "cli/ordered_work.h"
#include "cli/process_row.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/resolve.h"

namespace kpm::cli {

// An app of the file.
struct FileApp {
    const ecosystem::ParsedApp* app = nullptr;
    std::string name;              // with what --env appends to it
    std::vector<ProcessRow> rows;  // its processes; none: it is not there yet
    bool is_asked_for = true;      // false: --only names others
};

struct StartItem {
    std::string name;
    ecosystem::Dependencies needs;
    const ecosystem::ParsedApp* app = nullptr;  // null: as the daemon has it
    std::vector<ProcessRow> rows;               // to be restarted; none: a new app
    bool is_asked_for = true;
    bool is_running = false;  // nothing is to be done but to wait until it completes
};

// First what restarts, then what is new, each in the order of the file; then what only the daemon knows.
std::vector<StartItem> start_set(std::vector<FileApp> file, std::span<const ProcessRow> rows);
// The same for apps that the daemon has; `ids` are asked for.
std::vector<StartItem> start_set(const std::vector<Json>& ids, std::span<const ProcessRow> rows);

// Why nothing of it can be started: a name that neither the file nor the daemon knows, a condition that can
// never be met, a circle. `file`: as for start_set, `resolving` for conditions that depend on more than the
// file says.
Result<void> check_file_dependencies(const std::vector<FileApp>& file, std::span<const ProcessRow> rows,
                                     const ecosystem::ResolveContext& resolving);

// Neither up nor about to be.
bool is_down(const ProcessRow& row);

}  // namespace kpm::cli

#pragma once
// Which processes a word on the command line means: all, /pattern/, a name or script path, a namespace, an
// id. PM2's order of trial. Pure; "-" and configuration files are the callers' matter.

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/process_row.h"
#include "ipc/base/result.h"

namespace kpm::cli {

enum class Match {
    Found,
    Nothing,  // "all" or a pattern, and there is no such process: a warning
    Unknown,  // a name or namespace that does not exist: an error
};

struct Selection {
    Match match = Match::Unknown;
    // Numbers when found by name; the text as typed for an id, which only the daemon knows to be right or
    // wrong.
    std::vector<Json> ids;
};

struct TargetContext {
    std::string cwd;               // base of a relative script path
    bool include_modules = false;  // in "all"
};

// Invalid: a pattern that is no regular expression.
Result<Selection> select(std::string_view word, std::span<const ProcessRow> rows,
                         const TargetContext& context);

// The steps of it, for commands that try less.
std::vector<Json> ids_by_name(std::string_view word, std::span<const ProcessRow> rows,
                              const std::string& cwd);
std::vector<Json> ids_by_namespace(std::string_view word, std::span<const ProcessRow> rows);

// The row of an id in either form.
const ProcessRow* find_row(std::span<const ProcessRow> rows, const Json& id);
// The same for many ids.
class RowsById {
public:
    explicit RowsById(std::span<const ProcessRow> rows);
    const ProcessRow* find(const Json& id) const;

private:
    std::unordered_map<std::string, const ProcessRow*> rows_;
};

// "[ 0, 1 ]", as PM2 prints lists of ids.
std::string ids_text(const std::vector<Json>& ids);
std::string id_text(const Json& id);

}  // namespace kpm::cli

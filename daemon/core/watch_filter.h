#pragma once
// Which paths the watcher of an app does not report and not enter: `ignore_watch` as PM2 hands it to chokidar
// 3, PM2's default, and always the files that kpm itself writes, since a log line must not restart the app
// that wrote it. Pure: paths are absolute text, nothing is looked up.
//
// An entry of `ignore_watch` is a glob (glob.h) or the name of a file or directory, then with all below it;
// relative ones are resolved against the working directory, whose own name is literal. As in PM2:
// - A backslash is a slash, so nothing can be escaped, and an entry is never a regular expression: texts like
//   "[\\/\\\\]\\./" are globs that match no file. (In a .js file a real expression becomes {} on its way to
//   PM2's daemon and matches nothing either.)
// - "!name" is a file with that name; only the extended "!(a|b)" negates.
// - A glob that matches a directory ignores all below, because it is not entered; it need not match what is
//   below.
// - Any entry replaces the default, which is: names with a leading dot, and paths that hold "node_modules".
// - Editors' swap and backup files (.x.swp, x~) are always ignored.
// Not as in PM2: a trailing slash is ignored, where PM2's "logs/" would match nothing; the default looks only
// at what follows the working directory, where PM2 would watch nothing of an app below ~/.config.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/glob.h"

namespace kpm::core {

// Paths with all that is below them.
class PathSet {
public:
    PathSet() = default;
    explicit PathSet(std::vector<std::string> paths);

    void add(std::string path);
    bool covers(std::string_view path) const;
    const std::vector<std::string>& paths() const { return paths_; }

private:
    std::vector<std::string> paths_;  // sorted, none below another
};

struct WatchRules {
    std::string cwd;                       // absolute
    std::vector<std::string> ignore;       // `ignore_watch`; empty: the default
    std::vector<std::string> own_files{};  // kpm's logs and pid files, or directories of them; absolute
};

class WatchFilter {
public:
    explicit WatchFilter(const WatchRules& rules);

    bool is_ignored(std::string_view path) const;
    const PathSet& own_files() const { return own_files_; }

private:
    bool is_ignored_by_default(std::string_view path) const;

    std::string cwd_;
    PathSet own_files_;
    PathSet names_;
    std::vector<Glob> globs_;
    bool has_rules_ = false;
};

// `path` from the directory `base` on, without ".", ".." and doubled slashes; absolute like `base`.
std::string resolve_path(std::string_view base, std::string_view path);

}  // namespace kpm::core

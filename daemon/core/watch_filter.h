#pragma once
// Which paths the watcher of an app does not report and not enter: `ignore_watch` as PM2 hands it to chokidar
// 3, PM2's default, and always the files that kpm itself writes, since a log line must not restart the app
// that wrote it, or another. And which it reports: `watch` may name globs. Pure: paths are absolute text,
// nothing is looked up.
//
// An entry of `ignore_watch` is a glob (glob.h) or the name of a file or directory, then with all below it;
// relative ones are resolved against the working directory, whose own name is literal. As in PM2:
// - A backslash is a slash, so nothing can be escaped, and a text is never a regular expression:
// "[\\/\\\\]\\./"
//   is a glob that matches no file.
// - "!name" is a file with that name; only the extended "!(a|b)" negates.
// - A glob that matches a directory ignores all below, because it is not entered; it need not match what is
//   below.
// - Any entry replaces the default, which is: names with a leading dot, and paths that hold "node_modules".
// - Editors' swap and backup files (.x.swp, x~) are always ignored.
// Not as in PM2: a RegExp of a .config.js file (path_regex.h), which becomes {} on its way to PM2's daemon
// and matches nothing there, is matched against the whole path, as chokidar does it; a trailing slash is
// ignored, where PM2's "logs/" would match nothing; the default looks only at what follows the working
// directory, where PM2 would watch nothing of an app below ~/.config.
//
// An entry of `watch` is read in the same way, but "!entry" takes out what it matches. A glob is watched from
// the last directory before its first special character on.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/glob.h"
#include "daemon/core/own_files.h"
#include "daemon/core/path_regex.h"

namespace kpm::core {

// Paths with all that is below them.
class PathSet {
public:
    PathSet() = default;
    explicit PathSet(std::vector<std::string> paths);

    void add(std::string path);
    bool covers(std::string_view path) const;

private:
    std::vector<std::string> paths_;  // sorted, none below another
};

// Files and directories (with all below them) by name, by glob or by regular expression.
class PathPatterns {
public:
    // A relative entry starts at `cwd`, which is absolute. Invalid: a regular expression that is none.
    Result<void> add(const std::string& cwd, const std::string& entry);
    bool match(std::string_view path) const;

private:
    PathSet names_;
    std::vector<Glob> globs_;
    std::vector<PathRegex> regexes_;
};

struct WatchRules {
    std::string cwd;                              // absolute
    std::vector<std::string> ignore;              // `ignore_watch`
    std::shared_ptr<const OwnFiles> own_files{};  // what kpm writes; null: nothing
    bool has_default = true;                      // without an entry in `ignore` PM2's default counts
    std::vector<std::string> targets{};  // `watch`, where it has globs or exceptions; empty: all counts
};

class WatchFilter {
public:
    explicit WatchFilter(const WatchRules& rules);

    // What is wrong with the rules: they must not be used then.
    const std::optional<Error>& trouble() const { return trouble_; }

    bool is_ignored(std::string_view path) const;
    // Of what is not ignored: whether a change of it counts.
    bool is_target(std::string_view path) const;
    // `path`: also without symbolic links.
    bool is_own(std::string_view path) const { return own_files_ && own_files_->covers(path); }

private:
    bool is_ignored_by_default(std::string_view path) const;

    std::string cwd_;
    std::shared_ptr<const OwnFiles> own_files_;
    PathPatterns ignored_;
    PathPatterns targets_;
    PathPatterns exceptions_;
    std::optional<Error> trouble_;
    bool has_default_ = false;
    bool has_targets_ = false;
};

// Whether an entry of `watch` is more than a path.
bool is_watch_pattern(std::string_view entry);
// Where the watcher begins for an entry of `watch`, absolute; "" for one that takes something out.
std::string watch_root(const std::string& cwd, const std::string& entry);

// `path` from the directory `base` on, without ".", ".." and doubled slashes; absolute like `base`.
std::string resolve_path(std::string_view base, std::string_view path);

}  // namespace kpm::core

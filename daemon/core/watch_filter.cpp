#include "daemon/core/watch_filter.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpm::core {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_at_or_below(std::string_view path, std::string_view directory) {
    if (directory == "/") return path.starts_with('/');
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string with_slashes(std::string_view path) {
    std::string text(path);
    std::replace(text.begin(), text.end(), '\\', '/');
    return text;
}

// Where the first part of the path that may be more than a literal begins, its slash included.
std::size_t literal_length(std::string_view path) {
    const std::size_t special = path.find_first_of("*?[]{}()!+@|");
    return special == npos ? path.size() : path.rfind('/', special);
}

// What is relative is decided before backslashes become slashes.
std::string absolute_entry(const std::string& cwd, const std::string& entry) {
    const std::string slashed = with_slashes(entry);
    return entry.starts_with('/') ? resolve_path("/", slashed) : resolve_path(cwd, "./" + slashed);
}

// chokidar's list of what editors leave beside a file while they save it.
bool is_editors(std::string_view path) {
    if (path.ends_with('~')) return true;
    const std::size_t dot = path.find('.');
    if (dot == npos) return false;
    const bool is_swap = path.ends_with(".swp") || path.ends_with(".swx");
    if (is_swap && dot + 4 < path.size()) return true;
    const std::size_t sublime = path.find(".subl");
    return sublime != npos && path.find(".tmp", sublime + 5) != npos;
}

}  // namespace

PathSet::PathSet(std::vector<std::string> paths) {
    for (std::string& path : paths) add(std::move(path));
}

void PathSet::add(std::string path) {
    if (covers(path)) return;
    std::erase_if(paths_, [&](const std::string& old) { return is_at_or_below(old, path); });
    paths_.insert(std::lower_bound(paths_.begin(), paths_.end(), path), std::move(path));
}

bool PathSet::covers(std::string_view path) const {
    // Of the path and the directories above it, one must be in the list; "a.b" sorts between "a" and "a/b".
    for (std::size_t end = path.size(); end != npos && end > 0; end = path.rfind('/', end - 1))
        if (std::binary_search(paths_.begin(), paths_.end(), path.substr(0, end), std::less<>())) return true;
    return std::binary_search(paths_.begin(), paths_.end(), std::string_view("/"), std::less<>());
}

Result<void> PathPatterns::add(const std::string& cwd, const std::string& entry) {
    if (PathRegex::is_regex(entry)) {
        auto regex = PathRegex::compile(entry);
        if (!regex) return regex.error();
        regexes_.push_back(std::move(*regex));
        return {};
    }
    const std::string path = absolute_entry(cwd, entry);
    names_.add(path);  // a file may have the very name of a pattern
    const std::size_t shared = is_at_or_below(path, cwd) && cwd != "/" ? cwd.size() : 0;
    const std::string_view rest = std::string_view(path).substr(shared);
    const std::size_t literal = literal_length(rest);
    if (literal == rest.size()) return {};
    const std::string_view pattern = rest.substr(literal);
    globs_.emplace_back(path.substr(0, shared + literal), pattern);
    if (!is_glob(rest)) globs_.emplace_back(path.substr(0, shared + literal), std::string(pattern) + "/**");
    return {};
}

bool PathPatterns::match(std::string_view path) const {
    return names_.covers(path) ||
           std::any_of(globs_.begin(), globs_.end(), [&](const Glob& one) { return one.matches(path); }) ||
           std::any_of(regexes_.begin(), regexes_.end(),
                       [&](const PathRegex& one) { return one.matches(path); });
}

WatchFilter::WatchFilter(const WatchRules& rules)
    : cwd_(resolve_path("/", rules.cwd)),
      own_files_(rules.own_files),
      has_default_(rules.ignore.empty() && rules.has_default),
      has_targets_(!rules.targets.empty()) {
    const auto add = [&](PathPatterns& patterns, const std::string& entry, const char* attribute) {
        const auto added = patterns.add(cwd_, entry);
        if (added || trouble_) return;
        trouble_ = Error{added.error().code, fmt::format("cannot watch '{}': bad {} '{}': {}", cwd_,
                                                         attribute, entry, added.error().message)};
    };
    for (const std::string& entry : rules.ignore) add(ignored_, entry, "ignore_watch");
    for (const std::string& entry : rules.targets) {
        if (entry.starts_with('!'))
            add(exceptions_, entry.substr(1), "watch");
        else
            add(targets_, entry, "watch");
    }
}

bool WatchFilter::is_ignored(std::string_view given) const {
    const std::string path = with_slashes(given);
    if (is_own(given) || is_editors(given)) return true;
    if (has_targets_ && exceptions_.match(path)) return true;
    return has_default_ ? is_ignored_by_default(path) : ignored_.match(path);
}

bool WatchFilter::is_target(std::string_view path) const {
    return !has_targets_ || targets_.match(with_slashes(path));
}

bool is_watch_pattern(std::string_view entry) {
    return entry.starts_with('!') || is_glob(with_slashes(entry));
}

std::string watch_root(const std::string& cwd, const std::string& entry) {
    if (entry.starts_with('!')) return "";
    const std::string base = resolve_path("/", cwd);
    const std::string path = absolute_entry(base, entry);
    if (!is_glob(with_slashes(entry))) return path;
    const std::size_t shared = is_at_or_below(path, base) && base != "/" ? base.size() : 0;
    const std::string root = path.substr(0, shared + literal_length(std::string_view(path).substr(shared)));
    return root.empty() ? "/" : root;
}

bool WatchFilter::is_ignored_by_default(std::string_view path) const {
    const std::string_view rest = is_at_or_below(path, cwd_) && cwd_ != "/" ? path.substr(cwd_.size()) : path;
    return rest.find("/.") != npos || rest.find("node_modules") != npos;
}

std::string resolve_path(std::string_view base, std::string_view path) {
    std::string text = path.starts_with('/') ? "" : std::string(base) + '/';
    text += path;
    std::string resolved;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('/', at), text.size());
        const std::string_view name = std::string_view(text).substr(at, end - at);
        if (name == "..") {
            resolved.resize(resolved.empty() ? 0 : resolved.rfind('/'));
        } else if (!name.empty() && name != ".") {
            resolved += '/';
            resolved += name;
        }
        at = end + 1;
    }
    return resolved.empty() ? "/" : resolved;
}

}  // namespace kpm::core

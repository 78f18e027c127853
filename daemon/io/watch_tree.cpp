#include "daemon/io/watch_tree.h"

#include <dirent.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "daemon/io/file_status.h"

namespace kpm::io {

struct WatchTree::Entry {
    std::string path;
    std::string real;  // empty: the same
};

namespace {

using namespace std::chrono_literals;

constexpr auto kRetry = 500ms;
// Most trees are read within it, and what is not watched of them can be told by whoever opens it.
constexpr auto kFirstSlice = 5ms;
// Deleted files that are still written to, such as rotated logs, are of no interest: IN_EXCL_UNLINK.
constexpr std::uint32_t kSelfMask = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t kDirectoryMask =
    kSelfMask | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::uint32_t kFileMask = kSelfMask | IN_MODIFY;
constexpr std::uint32_t kLinkMask = kSelfMask | IN_DONT_FOLLOW;
constexpr std::uint32_t kDead = IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED;  // the watch ends

}  // namespace

WatchTree::WatchTree(Loop& loop, Inotify& inotify, WatchScope scope, WatchTreeCallbacks callbacks)
    : scope_(std::move(scope)),
      callbacks_(std::move(callbacks)),
      inotify_(inotify, [this](const FileNotice& notice) { on_notice(notice); }),
      scan_(loop, {.enter = [this](const ScanItem& item) { return enter(item); },
                   .found = [this](const ScanItem& directory, std::string_view name,
                                   unsigned char type) { found(directory, name, type); },
                   .finished = [this] { scan_finished(); }}),
      retry_(loop, [this] { look_for_missing_roots(); }) {}

Result<std::unique_ptr<WatchTree>> WatchTree::open(Loop& loop, Inotify& inotify, WatchScope scope,
                                                   WatchTreeCallbacks callbacks) {
    std::unique_ptr<WatchTree> tree(new WatchTree(loop, inotify, std::move(scope), std::move(callbacks)));
    for (const std::string& path : tree->scope_.roots) {
        Root root{.path = core::resolve_path("/", path)};
        if (tree->scope_.filter.is_ignored(root.path)) continue;
        if (auto watched = tree->watch_root(root, false); !watched) {
            const Error& error = watched.error();
            if (error.code == ErrorCode::Unavailable) return error;  // a limit: no better for the others
            root.is_missing = true;
            tree->refused_.push_back({error.code, error.message + "; it is looked for again"});
        }
        tree->roots_.push_back(std::move(root));
    }
    if (!tree->refused_.empty()) tree->retry_.start(kRetry, kRetry);
    if (tree->scan_.is_busy()) tree->scan_.run_for(kFirstSlice);
    return tree;
}

void WatchTree::report(const std::string& path) {
    if (scope_.filter.is_target(path)) callbacks_.changed(path);
}

WatchTree::Entry WatchTree::entry_of(const std::string& directory, const std::string& real,
                                     std::string_view name) {
    return {join_path(directory, name), real.empty() ? "" : join_path(real, name)};
}

bool WatchTree::is_ignored(const Entry& entry) const {
    return scope_.filter.is_ignored(entry.path) || (!entry.real.empty() && scope_.filter.is_own(entry.real));
}

// A directory is level 0 as a root, and one more in each further one.
bool WatchTree::is_too_deep(const std::string& path) const {
    if (!scope_.depth) return false;
    return std::ranges::none_of(roots_, [&](const Root& root) {
        if (path == root.path) return true;
        if (!path.starts_with(root.path)) return false;
        const std::string_view rest = std::string_view(path).substr(root.path == "/" ? 0 : root.path.size());
        return rest.front() == '/' && std::ranges::count(rest, '/') <= *scope_.depth;
    });
}

WatchTree::Root* WatchTree::root_at(const std::string& path) {
    const auto root =
        std::find_if(roots_.begin(), roots_.end(), [&](const Root& one) { return one.path == path; });
    return root == roots_.end() ? nullptr : &*root;
}

Result<void> WatchTree::watch_root(Root& root, bool is_new) {
    // The link first: whatever it leads to later is noticed by it.
    if (is_link(root.path)) {
        const auto link = inotify_.add(root.path, kLinkMask);
        if (!link) return link.error();
        places_.put(*link,
                    {.kind = WatchedPlace::Kind::Link, .path = root.path, .real = {}, .scan = scan_number_});
    }
    const auto status = status_of(root.path);
    if (!status) return os_error("watch", root.path, errno);
    root.identity = status->identity;
    std::string real = real_path(root.path);
    if (!status->is_directory) return watch_file({root.path, std::move(real)}, false);
    // The scan adds it again, which changes nothing; here a failure can still be told.
    const auto directory = inotify_.add(root.path, kDirectoryMask);
    if (!directory) return directory.error();
    // Known from now on, but for the scan still to be read.
    if (places_.find(*directory) == nullptr)
        places_.put(*directory, {.path = root.path, .real = real, .scan = 0});
    scan_.push({.path = root.path, .real = std::move(real), .is_new = is_new});
    return {};
}

// After a notice that it may be gone, or another one at its path.
void WatchTree::check_root(Root& root) {
    const auto status = status_of(root.path);
    const bool is_same = status && status->identity == root.identity;
    if (is_same && !is_link(root.path)) return;
    if (!is_same) report(root.path);
    root.is_missing = true;  // for a full scan that the drop begins
    drop(root.path);
    root.is_missing = !is_watched_again(root, !is_same);
    if (root.is_missing && !retry_.is_active()) retry_.start(kRetry, kRetry);
}

bool WatchTree::is_watched_again(Root& root, bool is_new) {
    const auto watched = watch_root(root, is_new);
    if (!watched) tell_of_limit(watched.error());
    return watched.has_value();
}

void WatchTree::look_for_missing_roots() {
    bool is_any_missing = false;
    for (Root& root : roots_) {
        if (!root.is_missing) continue;
        root.is_missing = !is_watched_again(root, true);
        if (!root.is_missing) report(root.path);
        is_any_missing = is_any_missing || root.is_missing;
    }
    if (is_any_missing) return;
    retry_.stop();
    callbacks_.found_all();
}

// Other errors are of what went, or may not be read: nothing can be noticed there.
void WatchTree::tell_of_limit(const Error& error) {
    if (error.code == ErrorCode::Unavailable)
        callbacks_.in_trouble({error.code, error.message + "; changes there go unnoticed"});
}

void WatchTree::on_notice(const FileNotice& notice) {
    if (notice.mask & IN_Q_OVERFLOW) {
        if (!lost_since_) lost_since_ = notice.known_until;
        return scan_all();
    }
    const WatchedPlace* known = places_.find(notice.watch);
    if (known == nullptr) return;  // dropped while the notice was on its way
    const WatchedPlace place = *known;
    if (notice.mask & IN_IGNORED) places_.erase(notice.watch);
    if (place.kind == WatchedPlace::Kind::File) return on_file(place, notice);
    if (!notice.name.empty()) return on_entry(entry_of(place.path, place.real, notice.name), notice.mask);
    Root* root = root_at(place.path);
    if (place.kind == WatchedPlace::Kind::Directory && !(notice.mask & (kDead | IN_MOVE_SELF))) return;
    if (root != nullptr) {
        // A new inode may have the number of the dead one.
        if (notice.mask & kDead) root->identity = {};
        check_root(*root);
    } else if (notice.mask & IN_MOVE_SELF) {
        drop(place.path);  // reached by a link, as otherwise its parent told of it first
    }
}

void WatchTree::on_entry(const Entry& entry, std::uint32_t mask) {
    if (is_ignored(entry)) return;
    if (mask & IN_ATTRIB) {
        if (mask & IN_ISDIR) return;
        const auto status = status_of(entry.path);
        if (!status || !status->is_just_modified) return;
    }
    report(entry.path);
    // What moves to a path replaces what was there, which is not told apart.
    if (mask & (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) drop(entry.path);
    if (!(mask & (IN_CREATE | IN_MOVED_TO))) return;
    if (mask & IN_ISDIR)
        scan_.push({.path = entry.path, .real = entry.real, .is_new = true});
    else if (scope_.follow_symlinks && is_link(entry.path))
        follow(entry, true);
}

void WatchTree::on_file(const WatchedPlace& file, const FileNotice& notice) {
    const auto status = status_of(file.path);
    const bool is_same = status && status->identity == file.identity && !(notice.mask & kDead);
    const bool is_written = (notice.mask & IN_MODIFY) != 0;
    const bool is_touched = is_same && (notice.mask & IN_ATTRIB) && status->is_just_modified;
    if (!is_same || is_written || is_touched) report(file.path);
    if (is_same) return;
    if (Root* root = root_at(file.path)) {
        root->identity = {};  // it is looked for anew
        return check_root(*root);
    }
    drop(file.path);
    if (status) follow({file.path, file.real}, true);
}

bool WatchTree::enter(const ScanItem& item) {
    if (is_too_deep(item.path)) return false;
    const auto watch = inotify_.add(item.path, kDirectoryMask);
    if (!watch) {
        tell_of_limit(watch.error());
        return false;
    }
    // Reached on two ways (a link, perhaps one that leads upwards): the first one counts.
    const WatchedPlace* known = places_.find(*watch);
    if (known != nullptr && known->scan == scan_number_) return false;
    places_.put(*watch, {.path = item.path,
                         .real = item.real,
                         .is_through_link = item.is_through_link,
                         .scan = scan_number_});
    if (lost_since_ && is_modified(item.path)) report(item.path);
    return true;
}

bool WatchTree::is_modified(const std::string& path) const {
    const auto status = status_of(path);
    return status && status->modified > *lost_since_;
}

void WatchTree::found(const ScanItem& directory, std::string_view name, unsigned char type) {
    const bool is_file = type != DT_DIR && type != DT_LNK && type != DT_UNKNOWN;
    if (is_file && !directory.is_new && !lost_since_) return;
    const Entry entry = entry_of(directory.path, directory.real, name);
    if (is_ignored(entry)) return;
    if (directory.is_new || (is_file && is_modified(entry.path))) report(entry.path);
    if (type == DT_UNKNOWN) type = entry_type(entry.path);
    if (type == DT_DIR)
        scan_.push({.path = entry.path, .real = entry.real, .is_new = directory.is_new});
    else if (type == DT_LNK && scope_.follow_symlinks)
        follow(entry, directory.is_new);
}

void WatchTree::scan_finished() {
    if (std::exchange(is_scanning_all_, false)) {
        for (const int watch : places_.take_older(scan_number_)) inotify_.remove(watch);
        if (!must_scan_all_) lost_since_.reset();
    }
    if (std::exchange(must_scan_all_, false)) scan_all();
}

void WatchTree::scan_all() {
    must_scan_all_ = scan_.is_busy();
    if (must_scan_all_) return;
    ++scan_number_;
    is_scanning_all_ = true;
    for (Root& root : roots_) {
        if (root.is_missing) continue;
        const FileIdentity before = root.identity;
        if (!watch_root(root, false))
            check_root(root);
        else if (lost_since_ && root.identity != before)
            report(root.path);
    }
    if (!scan_.is_busy()) scan_finished();  // all roots are files
}

void WatchTree::follow(const Entry& link, bool is_new) {
    const auto status = status_of(link.path);
    if (!status) return;
    const Entry target{link.path, real_path(link.path)};
    if (is_ignored(target)) return;
    if (status->is_directory) {
        scan_.push({.path = target.path, .real = target.real, .is_new = is_new, .is_through_link = true});
    } else if (auto watched = watch_file(target, true); !watched) {
        tell_of_limit(watched.error());
    }
}

Result<void> WatchTree::watch_file(const Entry& entry, bool is_through_link) {
    const auto watch = inotify_.add(entry.path, kFileMask);
    if (!watch) return watch.error();
    if (const WatchedPlace* known = places_.find(*watch); known != nullptr && known->scan == scan_number_)
        return {};
    const auto status = status_of(entry.path);
    if (!status) return os_error("watch", entry.path, errno);
    places_.put(*watch, {.kind = WatchedPlace::Kind::File,
                         .path = entry.path,
                         .real = entry.real,
                         .is_through_link = is_through_link,
                         .identity = status->identity,
                         .scan = scan_number_});
    if (lost_since_ && status->modified > *lost_since_) report(entry.path);
    return {};
}

void WatchTree::drop(const std::string& path) {
    const WatchedPlaces::Taken taken = places_.take_below(path);
    for (const int watch : taken.watches) inotify_.remove(watch);
    // What was reached by the link may have another way in the tree.
    if (taken.had_link) scan_all();
}

}  // namespace kpm::io

#pragma once
// Notices changes of files below some roots: what chokidar 3, so PM2, reports as add, change, unlink, addDir
// and unlinkDir. What was there before is not reported. Driven by the loop; knows nothing of apps and
// restarts.
//
// - Directories are watched, not files: a tree costs one inotify watch per directory that is not ignored,
//   plus one per symbolic link to a file and per root that is a file or a link. The tree is read in slices; a
//   change in a part that was not reached yet goes unnoticed.
// - A change is a write, a creation, a removal, a move, or a `touch`; not an access, a chmod, or opening for
//   writing.
// - A burst is one report, of its first path, when `delay` has passed without a further change. Something
//   that never rests is reported all the same, after ten times that (at least two seconds).
// - When the kernel's queue overflows, the tree is read again, and what was modified meanwhile is reported: a
//   flood in the files of one app must not restart the others, whose notices go through the same queue.
// - A root that is removed, replaced or not there yet is found at its path, also after a while.
//
// Not noticed: writes through mmap; a file that is created after the link to it; another directory that comes
// to the root's path because one above it was renamed.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/watch_filter.h"
#include "daemon/io/loop.h"
#include "daemon/io/timer.h"
#include "daemon/io/watch_tree.h"
#include "ipc/base/result.h"

namespace kpm::io {

struct WatchRequest {
    std::vector<std::string> roots;  // absolute; directories or files
    core::WatchFilter filter;
    std::chrono::milliseconds delay{0};  // 0 is a little more, so that one save is one report
    bool follow_symlinks = true;
    std::optional<int> depth{};  // of directories below a root that are entered; 0: none
};

// The owner may end the Watcher in the first two.
struct WatchCallbacks {
    std::function<void(const std::string& path)> on_change;
    // At most once: a part of the tree is not watched, as the limit of watches is reached. The rest goes on.
    std::function<void(const Error& error)> on_trouble;
    // Nothing goes unnoticed any more: what was refused has come.
    std::function<void()> on_complete = [] {};
};

class Watcher {
public:
    // An error: a limit of inotify is reached (it names the sysctl). A root that does not exist or may not be
    // read is in refused(), and looked for again. `inotify` outlives the Watcher.
    static Result<std::unique_ptr<Watcher>> open(Loop& loop, Inotify& inotify, WatchRequest request,
                                                 WatchCallbacks callbacks);

    const std::vector<Error>& refused() const { return tree_->refused(); }
    // What on_trouble would tell, when it is known already; it is not told again.
    std::optional<Error> take_trouble();

    bool is_scanning() const { return tree_->is_scanning(); }
    std::size_t number_of_watches() const { return tree_->number_of_watches(); }

private:
    Watcher(Loop& loop, std::chrono::milliseconds delay, WatchCallbacks callbacks);
    void changed(const std::string& path);
    void in_trouble(const Error& error);
    void report();

    std::chrono::milliseconds quiet_;
    std::chrono::milliseconds longest_;
    WatchCallbacks callbacks_;
    std::unique_ptr<WatchTree> tree_;
    std::string first_;  // of the burst; empty: there is none
    std::chrono::steady_clock::time_point began_{};
    std::optional<Error> trouble_;
    bool had_trouble_ = false;
    Timer burst_end_;
    Timer report_trouble_;
};

}  // namespace kpm::io

#pragma once
// The watched directories and files of a Watcher, kept up to date as they come and go; watcher.h has the
// contract. Reports each change it notices; knows nothing of bursts.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/watch_filter.h"
#include "daemon/io/directory_scan.h"
#include "daemon/io/inotify.h"
#include "daemon/io/loop.h"
#include "daemon/io/timer.h"
#include "daemon/io/watched_places.h"
#include "ipc/base/result.h"

namespace kpm::io {

struct WatchScope {
    std::vector<std::string> roots;
    core::WatchFilter filter;
    bool follow_symlinks = true;
    std::optional<int> depth{};
};

// None of them may end the tree.
struct WatchTreeCallbacks {
    std::function<void(const std::string& path)> changed;
    std::function<void(const Error& error)> in_trouble;
    std::function<void()> found_all;  // of the roots that were not there
};

class WatchTree {
public:
    // A root that is not there is waited for, and told of in refused(). `inotify` outlives the tree.
    static Result<std::unique_ptr<WatchTree>> open(Loop& loop, Inotify& inotify, WatchScope scope,
                                                   WatchTreeCallbacks callbacks);

    // What could not be watched at the opening.
    const std::vector<Error>& refused() const { return refused_; }

    bool is_scanning() const { return scan_.is_busy(); }
    std::size_t number_of_watches() const { return places_.size(); }

private:
    struct Root {
        std::string path;
        FileIdentity identity{};
        bool is_missing = false;
    };
    struct Entry;  // a path with its real one

    WatchTree(Loop& loop, Inotify& inotify, WatchScope scope, WatchTreeCallbacks callbacks);
    void report(const std::string& path);
    static Entry entry_of(const std::string& directory, const std::string& real, std::string_view name);
    bool is_ignored(const Entry& entry) const;
    bool is_too_deep(const std::string& path) const;
    Root* root_at(const std::string& path);

    // What is watched from the start, and again when it comes back.
    Result<void> watch_root(Root& root, bool is_new);
    void check_root(Root& root);
    bool is_watched_again(Root& root, bool is_new);
    void look_for_missing_roots();

    void on_notice(const FileNotice& notice);
    void on_file(const WatchedPlace& file, const FileNotice& notice);
    void on_entry(const Entry& entry, std::uint32_t mask);

    bool enter(const ScanItem& item);
    void found(const ScanItem& directory, std::string_view name, unsigned char type);
    void scan_finished();
    void scan_all();
    bool is_modified(const std::string& path) const;
    void follow(const Entry& link, bool is_new);
    Result<void> watch_file(const Entry& entry, bool is_through_link);
    void drop(const std::string& path);
    void tell_of_limit(const Error& error);

    WatchScope scope_;
    WatchTreeCallbacks callbacks_;
    Inotify::Client inotify_;
    WatchedPlaces places_;
    std::vector<Root> roots_;
    DirectoryScan scan_;
    Timer retry_;                    // runs while a root is missing
    std::uint64_t scan_number_ = 1;  // of full scans
    bool is_scanning_all_ = false;
    bool must_scan_all_ = false;
    // Notices were lost: a full scan reports what was modified since then.
    std::optional<std::chrono::system_clock::time_point> lost_since_;
    std::vector<Error> refused_;
};

}  // namespace kpm::io

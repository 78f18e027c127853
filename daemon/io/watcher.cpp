#include "daemon/io/watcher.h"

#include <algorithm>
#include <utility>

namespace kpm::io {
namespace {

using namespace std::chrono_literals;

constexpr auto kShortestQuiet = 50ms;  // one save of a file is several notices
constexpr auto kShortestLimit = std::chrono::milliseconds{2s};
constexpr int kQuietsAtMost = 10;

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::open(Loop& loop, Inotify& inotify, WatchRequest request,
                                               WatchCallbacks callbacks) {
    std::unique_ptr<Watcher> watcher(new Watcher(loop, request.delay, std::move(callbacks)));
    auto tree = WatchTree::open(
        loop, inotify,
        {.roots = std::move(request.roots),
         .filter = std::move(request.filter),
         .follow_symlinks = request.follow_symlinks,
         .depth = request.depth},
        {.changed = [self = watcher.get()](const std::string& path) { self->changed(path); },
         .in_trouble = [self = watcher.get()](const Error& error) { self->in_trouble(error); },
         .found_all =
             [self = watcher.get()] {
                 if (!self->had_trouble_) self->callbacks_.on_complete();
             }});
    if (!tree) return tree.error();
    watcher->tree_ = std::move(tree).value();
    return watcher;
}

Watcher::Watcher(Loop& loop, std::chrono::milliseconds delay, WatchCallbacks callbacks)
    : quiet_(std::max<std::chrono::milliseconds>(delay, kShortestQuiet)),
      longest_(std::max(quiet_ * kQuietsAtMost, kShortestLimit)),
      callbacks_(std::move(callbacks)),
      burst_end_(loop, [this] { report(); }),
      report_trouble_(loop, [this] {
          const Error error = *std::exchange(trouble_, std::nullopt);
          const auto on_trouble = callbacks_.on_trouble;  // outlives the Watcher
          on_trouble(error);
      }) {}

void Watcher::changed(const std::string& path) {
    const auto now = std::chrono::steady_clock::now();
    if (first_.empty()) {
        first_ = path;
        began_ = now;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(began_ + longest_ - now);
    burst_end_.start(std::min(quiet_, left));
}

void Watcher::in_trouble(const Error& error) {
    if (std::exchange(had_trouble_, true)) return;
    trouble_ = error;
    report_trouble_.start(0ms);
}

std::optional<Error> Watcher::take_trouble() {
    report_trouble_.stop();
    return std::exchange(trouble_, std::nullopt);
}

void Watcher::report() {
    const std::string path = std::exchange(first_, {});
    const auto on_change = callbacks_.on_change;  // outlives the Watcher
    on_change(path);
}

}  // namespace kpm::io

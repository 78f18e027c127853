#include "daemon/io/directory_scan.h"

#include <utility>

namespace kpm::io {
namespace {

using namespace std::chrono_literals;

constexpr auto kSlice = 2ms;
// Not 0: a timer that is due at once and starts itself anew would come again before anything else has its
// turn.
constexpr auto kPause = 1ms;
constexpr int kEntriesAtOnce = 64;

}  // namespace

DirectoryScan::DirectoryScan(Loop& loop, ScanCallbacks callbacks)
    : callbacks_(std::move(callbacks)), next_slice_(loop, [this] { run_for(kSlice); }) {}

void DirectoryScan::push(ScanItem item) {
    waiting_.push_back(std::move(item));
    if (!next_slice_.is_active()) next_slice_.start(kPause);
}

void DirectoryScan::run_for(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (is_busy() && std::chrono::steady_clock::now() < end) step();
    if (is_busy()) {
        next_slice_.start(kPause);
    } else {
        next_slice_.stop();
        callbacks_.finished();
    }
}

void DirectoryScan::step() {
    if (open_) return read_some();
    item_ = std::move(waiting_.front());
    waiting_.pop_front();
    if (callbacks_.enter(item_)) open_.reset(::opendir(item_.path.c_str()));
}

void DirectoryScan::read_some() {
    for (int i = 0; i < kEntriesAtOnce && open_; ++i) {
        const dirent* entry = ::readdir(open_.get());
        if (entry == nullptr) return open_.reset();
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") callbacks_.found(item_, name, entry->d_type);
    }
}

}  // namespace kpm::io

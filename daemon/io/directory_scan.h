#pragma once
// Goes through directories in slices of a few milliseconds, so that a tree of any size does not hold up the
// loop. What is to be done with a directory and its entries is the owner's; subdirectories are its to push.

#include <dirent.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/io/loop.h"
#include "daemon/io/timer.h"

namespace kpm::io {

struct ScanItem {
    std::string path;
    std::string real;  // the path without symbolic links, where it is another
    bool is_new = false;
    bool is_through_link = false;
};

// None of them may end the scan.
struct ScanCallbacks {
    std::function<bool(const ScanItem&)> enter;  // false: its entries are not read
    std::function<void(const ScanItem&, std::string_view name, unsigned char type)> found;  // a DT_ value
    std::function<void()> finished;  // nothing is left to do
};

class DirectoryScan {
public:
    DirectoryScan(Loop& loop, ScanCallbacks callbacks);

    void push(ScanItem item);
    // Begins at once, and goes on in slices.
    void run_for(std::chrono::milliseconds time);
    bool is_busy() const { return open_ != nullptr || !waiting_.empty(); }

private:
    struct CloseDirectory {
        void operator()(DIR* directory) const { ::closedir(directory); }
    };
    void step();
    void read_some();

    ScanCallbacks callbacks_;
    Timer next_slice_;
    std::deque<ScanItem> waiting_;
    ScanItem item_{};  // of open_
    std::unique_ptr<DIR, CloseDirectory> open_;
};

}  // namespace kpm::io

#pragma once
// Which log files are open: a bounded number, whatever the number of apps. Those that were written to longest
// ago are closed; a LogFile opens itself again when there is something to write. Driven by the log sessions.

#include <cstddef>
#include <list>
#include <unordered_map>

#include "daemon/io/log_file.h"

namespace kpm::io {

class OpenLogFiles {
public:
    explicit OpenLogFiles(std::size_t limit) : limit_(limit) {}
    OpenLogFiles(const OpenLogFiles&) = delete;
    OpenLogFiles& operator=(const OpenLogFiles&) = delete;

    // It was just written to or opened.
    void used(LogFile& file);
    // It is about to be destroyed.
    void forget(LogFile& file);

    std::size_t size() const { return order_.size(); }

private:
    std::size_t limit_;
    std::list<LogFile*> order_;  // the newest first
    std::unordered_map<LogFile*, std::list<LogFile*>::iterator> places_;
};

}  // namespace kpm::io

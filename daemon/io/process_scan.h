#pragma once
// What runs on this machine, from /proc: the parentage, session and age of each process. A scan costs some 10
// µs for each process, so those who want one in the same turn of the loop share it.

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "daemon/io/timer.h"

namespace kpm::io {

struct ProcessEntry {
    pid_t parent = 0;
    pid_t session = 0;
    std::uint64_t start_ticks = 0;  // with the pid it names one process for good
};

// By pid; the dead that nobody has reaped are left out. Not atomic: a process that forks meanwhile may be
// seen without its child.
using ProcessSnapshot = std::unordered_map<pid_t, ProcessEntry>;

// nullopt: no such process, or it is dead.
std::optional<ProcessEntry> read_process(pid_t pid);
ProcessSnapshot scan_processes();

// Also true for a group of unreaped dead.
bool group_has_members(pid_t group);

class ScanListener {
public:
    virtual void scanned(const ProcessSnapshot& snapshot) = 0;

protected:
    ~ScanListener() = default;
};

class ProcessScanner {
public:
    explicit ProcessScanner(Loop& loop);

    // The listener gets one snapshot that was begun after this call, in a later turn of the loop.
    void request(ScanListener& listener);
    void cancel(ScanListener& listener);

private:
    void scan();

    std::deque<ScanListener*> waiting_;
    std::deque<ScanListener*> served_;  // get the present snapshot
    Timer timer_;
};

}  // namespace kpm::io

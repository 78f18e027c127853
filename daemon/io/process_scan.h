#pragma once
// What runs on this machine, from /proc: the parentage, session and age of processes. Where the kernel lists
// a process's children (CONFIG_PROC_CHILDREN) a look at one tree costs what that tree is, not what the
// machine is; elsewhere it reads every process.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/io/timer.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct ProcessEntry {
    pid_t parent = 0;
    pid_t session = 0;
    std::uint64_t start_ticks = 0;  // with the pid it names one process for good
    int threads = 1;
};

// By pid; the dead that nobody has reaped are left out. Not atomic: a process that forks meanwhile may be
// seen without its child.
using ProcessSnapshot = std::unordered_map<pid_t, ProcessEntry>;

// nullopt: no such process, or it is dead.
std::optional<ProcessEntry> read_process(pid_t pid);
ProcessSnapshot scan_processes();
// Those of all its threads, unreaped ones too. nullopt: the kernel does not list them.
std::optional<std::vector<pid_t>> read_children(pid_t pid);
// Those of one thread. nullopt: no such thread, or the kernel does not list them.
std::optional<std::vector<pid_t>> read_thread_children(pid_t pid, pid_t thread);

// nullopt: it has ended. `pidfd` says that it is still the one that was meant; -1: nobody knows.
std::optional<std::uint64_t> read_start(pid_t pid, int pidfd);

// Also true for a group of unreaped dead.
bool group_has_members(pid_t group);

// The value of a variable in the environment that a process was started with; nullopt: it has none, or it may
// not be read.
std::optional<std::string> read_variable(pid_t pid, std::string_view name);

// Orphans are found by these.
struct Adopter {
    pid_t pid = 0;     // the subreaper: orphans become children of its main thread
    std::string mark;  // a variable that tells whose they are
};

// One look at processes, shared by those who want one in the same turn of the loop. What it has read once it
// does not read again.
class ProcessLook {
public:
    // The adopter must outlive it; `adopter_children` is an open list of its children, -1: read it by name.
    ProcessLook(const Adopter& adopter, int adopter_children);

    std::optional<ProcessEntry> find(pid_t pid);
    std::vector<pid_t> children_of(pid_t pid);
    // The adopter's in this session.
    std::vector<pid_t> orphans_of(pid_t session);
    // Those whose mark has this value.
    std::vector<pid_t> marked_orphans(const std::string& mark);

private:
    using Groups = std::unordered_multimap<pid_t, pid_t>;

    void read_all();
    void read_orphans();

    const Adopter& adopter_;
    int adopter_children_;
    bool lists_children_;
    ProcessSnapshot known_;                               // without children lists: all there are
    Groups children_;                                     // the same
    std::optional<Groups> orphans_;                       // by session
    std::unordered_multimap<std::string, pid_t> marked_;  // filled with orphans_
};

class ScanListener {
public:
    virtual void scanned(ProcessLook& look) = 0;

protected:
    ~ScanListener() = default;
};

class ProcessScanner {
public:
    ProcessScanner(Loop& loop, Adopter adopter);

    // The listener gets one look that was begun after this call, in a later turn of the loop. After one that
    // took more than two milliseconds the next waits three times as long as that.
    void request(ScanListener& listener);
    void cancel(ScanListener& listener);
    // Has any process come to the adopter, besides this one, which it has started? Costs no look at them.
    bool has_orphans() const;

private:
    void scan();

    Adopter adopter_;
    UniqueFd adopter_children_;  // read at each stop of an app: it stays open; empty: there was none
    std::unordered_set<ScanListener*> waiting_;
    std::unordered_set<ScanListener*> served_;  // get the present look
    std::chrono::steady_clock::time_point earliest_{};
    Timer timer_;
};

}  // namespace kpm::io

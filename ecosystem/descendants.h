#pragma once
// The processes that a command starts below this one, those that have lost their parent included: while it
// lives such orphans come to this process (PR_SET_CHILD_SUBREAPER). For a program of one thread, such as the
// CLI, whose other children are there before. Where the kernel lists no children (CONFIG_PROC_CHILDREN) it
// knows of none.

#include <sys/types.h>

#include <set>

namespace kpm::ecosystem {

class Descendants {
public:
    Descendants();   // what is there now is not meant
    ~Descendants();  // orphans go where they went before
    Descendants(const Descendants&) = delete;
    Descendants& operator=(const Descendants&) = delete;

    // Ends them all and waits for their ends.
    void kill();

private:
    std::set<pid_t> others_;
    int was_adopting_ = 0;
};

}  // namespace kpm::ecosystem

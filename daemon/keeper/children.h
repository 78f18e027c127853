#pragma once
// The children that kpmd asked for: those that live, and those that ended and are not collected yet. A queue
// of the ended ones that the present kpmd has not been told of makes each exit cost O(1).

#include <sys/types.h>

#include "daemon/keeper/table.h"
#include "ipc/base/unique_fd.h"

namespace kpm::keeper {

struct Child {
    std::uint64_t token = 0;
    pid_t pid = 0;
    UniqueFd pidfd;  // becomes readable at its end; empty: none was left, SIGCHLD tells (see Children::watch)
    bool alive = true;
    int exit_code = -1;
    int signal = 0;
    bool queued = false;
    Child* next = nullptr;
    Child* previous = nullptr;
};

// Of a child that is not reaped, so that its pid is nobody else's. Empty: no descriptor is left.
UniqueFd open_pidfd(pid_t child);

class Children {
public:
    Children() = default;
    ~Children();

    // Makes room for so many more, so that add() cannot fail after the fork; false = no memory.
    bool reserve(std::size_t more);
    Child& add(std::uint64_t token, pid_t pid);
    // From now on this tells of its end.
    void watch(Child& child, UniqueFd pidfd);
    // How many live children have no pidfd.
    std::size_t unwatched() const { return unwatched_; }
    std::size_t living() const { return by_pid_.count(); }
    Child* find(std::uint64_t token) const { return by_token_.find(token); }
    // Records the end of a child and queues it; does nothing for a pid that is not one of them (an orphan).
    void mark_exited(pid_t pid, int exit_code, int signal);
    void forget(Child& child);

    Child* first_queued() const { return first_; }
    void dequeue(Child& child);

    // For walks, see Table.
    std::size_t capacity() const { return by_token_.capacity(); }
    Child* at(std::size_t index) const { return by_token_.at(index); }

private:
    Table<Child> by_token_;
    Table<Child> by_pid_;  // only those that live: a pid may come again
    std::size_t unwatched_ = 0;
    Child* spare_ = nullptr;  // a list by `next`
    std::size_t spares_ = 0;
    Child* first_ = nullptr;
    Child* last_ = nullptr;
};

}  // namespace kpm::keeper

#pragma once
// One process, told from all others that get its pid later. Keeps no descriptor: with thousands of processes
// those are what runs out.
//
// Since Linux 6.9 each process's pidfds have an inode number of their own (pidfs), which costs one call to
// read; before, a process is known by its start time in /proc.

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "ipc/base/unique_fd.h"

namespace kpm::io {

class ProcessIdentity {
public:
    // Nobody.
    ProcessIdentity() = default;
    // `pidfd`: of the process `pid`, which may have ended.
    static ProcessIdentity of(pid_t pid, int pidfd);
    // The same for kernels without pidfs.
    static ProcessIdentity by_start_time(pid_t pid, int pidfd);

    // A pidfd of it; empty: it has ended, or another one has its pid.
    UniqueFd open() const;
    // With the pid it names the process in a ProcessSnapshot; nullopt: it has ended.
    std::optional<std::uint64_t> start_ticks() const;

private:
    pid_t pid_ = 0;
    std::uint64_t inode_ = 0;  // 0: not known
    std::optional<std::uint64_t> start_;
};

}  // namespace kpm::io

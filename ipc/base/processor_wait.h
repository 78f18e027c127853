#pragma once
// For how long threads could have run and had no processor: what a deadline for other programs' work leaves
// out, so that a busy machine makes none late.

#include <sys/types.h>

#include <chrono>

namespace kpm {

// Of a process's main thread since it began, up to its last turn; 0 when it is gone, or where the kernel does
// not count (CONFIG_SCHED_INFO). Source: /proc/PID/schedstat, proc(5).
std::chrono::nanoseconds processor_wait(pid_t process);

// The longest of a process and all below it.
std::chrono::nanoseconds processor_wait_in_tree(pid_t root);

}  // namespace kpm

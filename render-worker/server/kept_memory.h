#pragma once
// Memory that a render has freed stays with the process while there is work, and goes back to the system when
// there is none: to get each page of a render's blocks anew from the kernel was a fifth of its CPU time. A
// worker that waits keeps nothing of its longest sound. glibc's malloc only (mallopt(3), malloc_trim(3)).

#include <chrono>

namespace kpm::render {

// Without a job for this long, a worker counts as idle.
constexpr std::chrono::milliseconds kMemoryKept{1000};

// Once, before the first render.
void keep_freed_memory();

// From any thread. Other threads may allocate meanwhile.
void give_back_freed_memory();

}  // namespace kpm::render

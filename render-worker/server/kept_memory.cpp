#include "render-worker/server/kept_memory.h"

#include <malloc.h>

namespace kpm::render {
namespace {

// A block from this size on is the system's again as soon as it is freed; no larger limit is taken
// (mallopt(3)). It is that of a minute of samples.
constexpr int kLargeBlock = 32 << 20;
constexpr int kKept = 256 << 20;

}  // namespace

void keep_freed_memory() {
    // Of the further arenas that threads get, malloc_trim does not give back the end.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, kLargeBlock);
    ::mallopt(M_TRIM_THRESHOLD, kKept);
}

void give_back_freed_memory() {
    ::malloc_trim(0);
}

}  // namespace kpm::render

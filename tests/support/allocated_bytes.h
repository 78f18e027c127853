#pragma once
// How much of the heap is in use, in bytes as they were asked for or a little more: to find out what a thing
// takes, which no clock and no other process disturbs.

#include <cstddef>

#ifdef __SANITIZE_ADDRESS__
// Of the sanitizers' common interface, whose header GCC 12 does not have.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#else
#include <malloc.h>
#endif

namespace kpm::test {

inline std::size_t allocated_bytes() {
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    return ::mallinfo2().uordblks;
#endif
}

}  // namespace kpm::test

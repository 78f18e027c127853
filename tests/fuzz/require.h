#pragma once
// A property of a fuzz target that must hold for every input.

#include <cstdio>
#include <cstdlib>

namespace kpm::fuzz {

inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
}

}  // namespace kpm::fuzz

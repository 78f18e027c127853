#pragma once
// Variables of kpm's own environment.

#include <cstdlib>

namespace kpm::cli {

// An empty one is as good as none.
inline bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

}  // namespace kpm::cli

#pragma once
// Taking a connection off a listener, for the pools.

#include <cstdint>

#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct Accepted {
    UniqueFd socket;           // non-blocking, close-on-exec; empty: errno says why
    std::uint64_t client = 0;  // a hash of its address without the port; 0 = it has none (unix)
};

Accepted accept_connection(int listener);

}  // namespace kpm::io

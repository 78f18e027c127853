#pragma once
// Connections for probes: addresses, and a connection whose other end is given to a worker that shares its
// port with others, so that the look is at that one worker.

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <utility>

#include "ecosystem/probe_address.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The `index`-th that the address names: one of its hosts, or its socket.
SocketAddress socket_address(const ecosystem::ProbeAddress& address, std::size_t index);

// Whether connections to this address come to that listening socket.
bool is_reached_at(int listener, const ecosystem::ProbeAddress& address);

// Two ends of one connection, the client's first, both non-blocking: over TCP on loopback, as a client's
// would be, or over a Unix socket. Waits for nothing but the kernel.
Result<std::pair<UniqueFd, UniqueFd>> make_connection(bool is_unix);

// "connection refused": the system's words, as they stand within a sentence.
std::string reason_of(int error_number);
// Of a daemon or a machine that has not enough of something: it says nothing of who was to be reached.
bool is_our_shortage(int error_number);

}  // namespace kpm::io

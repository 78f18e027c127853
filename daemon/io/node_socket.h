#pragma once
// Sockets as Node's own primary makes them for what a worker asks for.

#include <optional>

#include "daemon/core/node_protocol.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// Bound, and listening unless it is UDP; non-blocking, close-on-exec. A socket file whose server is gone is
// replaced. `error_number` gets the errno of a failure, which is what the worker is told.
Result<UniqueFd> open_node_socket(const core::node::ListenQuery& query, int& error_number);

// A UDP socket keeps its port as long as anybody has a copy of it, but makes room for one that is opened
// again there. -> the port; nullopt: it is no UDP socket.
std::optional<int> leave_datagram_port(int socket);
// On a port that has been left so.
Result<UniqueFd> open_datagram_again(const core::node::ListenQuery& query, int& error_number);

// One of several sockets of a TCP address, with SO_REUSEPORT. The first makes sure that no other program
// listens there, because another one of the same user's with that option would silently get a part of the
// connections.
Result<UniqueFd> open_slot_socket(const core::node::ListenQuery& query, bool is_first, int& error_number);

// nullopt: it is a unix socket.
std::optional<core::node::SocketName> socket_name(int socket);

}  // namespace kpm::io

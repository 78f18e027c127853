#pragma once
// Listening sockets, made on the control thread and kept by the keeper; the data plane and activated workers
// only borrow copies. All are non-blocking and close-on-exec.

#include <cstdint>
#include <optional>

#include "daemon/core/listen_address.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct ListenerOptions {
    int backlog = 4096;            // the kernel cuts it to net.core.somaxconn
    bool only_bind = false;        // to see whether it can be done
    bool reuse_port = false;       // SO_REUSEPORT, for one socket per worker slot
    unsigned unix_mode_added = 0;  // rights on the socket file, to those by umask
};

// What the address itself says (backlog, rights on the socket file) comes first.
// Any is one dual-stack socket (IPv4 alone where the kernel has no IPv6). A socket file whose server is gone
// is replaced; one that answers is not. "cannot listen on '*:3000': Address already in use (held by pid 42,
// node)"; `error_number` gets the errno.
Result<UniqueFd> open_listener(const core::ListenAddress& address, const ListenerOptions& options = {},
                               int* error_number = nullptr);

// Another descriptor of the same socket, close-on-exec; empty: there is none left, errno says why.
UniqueFd copy_of(const UniqueFd& socket);

// It takes no more connections from now on, whoever has copies of it, so that its address can be had again at
// once; its socket file goes, too.
void end_listening(int listener);
// Takes away the socket file that it is bound to; of others than unix sockets nothing.
void remove_socket_file(int listener);

// What the socket is bound to, with the port that the kernel chose.
Result<core::ListenAddress> bound_address(int listener);

}  // namespace kpm::io

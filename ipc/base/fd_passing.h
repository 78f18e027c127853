#pragma once
// Descriptors over a Unix socket (SCM_RIGHTS, unix(7)). Non-blocking in effect: MSG_DONTWAIT always, so a
// full socket is an answer (Unavailable), never a wait. The caller keeps its copies of what it sends.

#include <cstddef>
#include <span>
#include <vector>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm {

inline constexpr std::size_t kMaxPassedFds = 32;

struct ReceivedMessage {
    std::size_t size = 0;       // bytes written to the buffer; 0 = the peer closed
    bool truncated = false;     // the message was longer than the buffer
    bool lost_fds = false;      // more came than may, or than this process has room for
    std::vector<UniqueFd> fds;  // close-on-exec
};

// Sends all of `bytes` with `fds`, or nothing. Only for sockets that keep message bounds (SOCK_SEQPACKET)
// or for messages small enough that the kernel takes them whole.
Result<void> send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds = {});

// Unavailable, without a message, when there is nothing to read now.
Result<ReceivedMessage> receive_with_fds(int socket, std::span<std::byte> buffer);

}  // namespace kpm

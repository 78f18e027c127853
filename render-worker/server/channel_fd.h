#pragma once
// The descriptor of the kpm channel that a worker was started with.

#include <optional>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::render {

// What KPM_CHANNEL_FD names, made close-on-exec; nullopt when it names nothing.
// Invalid when it is not the number of an open SOCK_SEQPACKET socket.
Result<std::optional<UniqueFd>> channel_from_environment();

}  // namespace kpm::render

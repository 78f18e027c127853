#pragma once
// From a LaunchSpec to what the keeper is asked: descriptors made, program found, user looked up.

#include <span>
#include <string>
#include <vector>

#include "daemon/core/host.h"
#include "daemon/io/spawn_request.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// kpmd's ends of a child's descriptors. The keeper holds copies of them under these slots (persistent: a
// daemon that takes over finds them by these numbers, never renumber; 3 was the write end of stdin).
enum class KeptSlot : int { Out = 1, Err = 2, Channel = 4 };

struct ChildEnds {
    UniqueFd out, err;  // read ends, non-blocking; empty when nothing is to be read
    UniqueFd channel;   // empty when the app has none
};

struct ChildSetup {
    SpawnRequest request;  // its descriptors are those of `theirs`
    ChildEnds ours;
    std::vector<UniqueFd> theirs;  // closed once the request is sent
};

// `listeners`: the sockets that an activated app inherits. NotFound: the program is not there, or the user is
// unknown.
Result<ChildSetup> set_up_child(const core::LaunchSpec& spec, std::span<const int> listeners = {});

}  // namespace kpm::io

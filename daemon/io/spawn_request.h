#pragma once
// What kpmd asks the keeper to start, and its form for the keeper: a SpawnSpec (keeper_protocol.h). Users are
// numbers here already (user_lookup.h).

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/keeper/keeper_protocol.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// `fd` is borrowed: the caller keeps its own copy and closes it when it likes, also before the child runs.
struct InheritedFd {
    int fd = -1;
    int target = -1;
};

struct SpawnRequest {
    std::string path;               // absolute, executed as it is
    std::string cwd;                // absolute, "" = the keeper's
    std::vector<std::string> argv;  // with argv[0]
    std::vector<std::string> env;   // "KEY=value"
    std::optional<uid_t> uid;
    std::optional<gid_t> gid;
    std::vector<gid_t> groups;  // set when uid or gid is: all supplementary groups
    std::optional<mode_t> umask;
    std::vector<keeper::SpawnLimit> limits;  // RLIMIT_NOFILE unset = what the keeper was started with
    std::vector<InheritedFd> fds;            // at most keeper::kMaxSpecFds; the child gets no others
};

// Error: something in it cannot be expressed (a NUL in a string, too many descriptors, too large).
Result<std::string> encode_spawn(const SpawnRequest& request);
// For a spec that does not fit into a packet.
Result<UniqueFd> sealed_memfd(std::string_view bytes);

// "cannot execute '/opt/app': No such file or directory", for SpawnFailed.
Error spawn_error(keeper::SpawnStage stage, int error_number, std::string_view path, std::string_view cwd);
// A machine, or a user, that is out of processes or memory for now: the same start may work later.
bool is_shortage(keeper::SpawnStage stage, int error_number);

}  // namespace kpm::io

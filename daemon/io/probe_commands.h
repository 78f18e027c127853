#pragma once
// Looks at processes by a command, which the keeper starts beside the app: with its user, directory and
// variables, its output going nowhere. A command that takes longer than its timeout is killed with all that
// it has started, and so is one whose process has ended. Driven by the control loop; the owner of the
// KeeperLink passes on what the keeper says of these processes.

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/core/health.h"
#include "daemon/core/host.h"
#include "daemon/io/keeper_link.h"
#include "daemon/io/process_tree.h"
#include "daemon/io/timer.h"

namespace kpm::io {

class ProbeCommands {
public:
    using Done = std::function<void(core::ProbeResult)>;
    // What goes into the environment of the process with this token, so that its descendants are found.
    using Mark = std::function<std::string(std::uint64_t token)>;

    ProbeCommands(Loop& loop, ProcessScanner& scanner, std::string mark_name, Mark mark);
    ~ProbeCommands();

    // `done` is called once, unless stop() comes first; perhaps from within. While the last look of this kind
    // is still being killed, the new one waits for its end.
    void run(KeeperLink& keeper, const core::AppKey& key, core::ProbeKind kind, const core::ProbeSpec& spec,
             const core::LaunchSpec& launch, Done done);
    void stop(const core::AppKey& key);

    // The keeper's news; false: of a process that is none of these.
    bool spawned(KeeperChild& child);
    bool spawn_failed(KeeperLink& keeper, std::uint64_t token, keeper::SpawnStage stage, int error_number);
    bool exited(KeeperLink& keeper, const KeeperExit& exit);

private:
    using Place = std::pair<std::uint64_t, core::ProbeKind>;  // incarnation
    struct Run;
    struct Next;

    void end(std::uint64_t token);
    void begin_next(KeeperLink& keeper, Run& ended);
    void kill(std::uint64_t token, Run& run);
    void sweep(pid_t root, std::uint64_t token);
    void forget(std::uint64_t token);

    Loop& loop_;
    ProcessScanner& scanner_;
    std::string mark_name_;
    Mark mark_;
    std::map<Place, std::uint64_t> tokens_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Run>> runs_;
    std::list<std::unique_ptr<TreeStop>> sweeps_;
    std::uint64_t next_token_;
};

}  // namespace kpm::io

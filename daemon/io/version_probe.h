#pragma once
// Which version of Node an interpreter is or stands in for: it is asked once, when the first app runs with
// it, by a short process that the keeper starts beside the app, with the app's user and nothing of its
// environment but PATH and HOME. The answer is kept while the program's file is the same, so that a start of
// the next app costs one stat().
//
// Driven by the control loop. The owner of the KeeperLink passes on what the keeper says of these processes.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "daemon/io/keeper_link.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"

namespace kpm::io {

class VersionProbe {
public:
    explicit VersionProbe(Loop& loop);
    ~VersionProbe();

    using Answer = std::function<void(const std::string& version)>;
    // `app` is how the app is started, `words` what makes its program print the version. Answers at once when
    // it is known, later when it is told, never when the program does not tell.
    void ask(KeeperLink& keeper, const SpawnRequest& app, const std::vector<std::string>& words,
             Answer answer);

    // The keeper's news; false: of a process that is none of these.
    bool spawned(KeeperChild& child);
    bool spawn_failed(std::uint64_t token);
    bool exited(KeeperLink& keeper, const KeeperExit& exit);

private:
    // A program's file: device, inode, size, time of its last change.
    using File = std::tuple<std::string, std::uint64_t, std::uint64_t, std::int64_t, std::int64_t>;
    struct Question;

    void finish(std::uint64_t token);

    Loop& loop_;
    std::map<File, std::optional<std::string>> known_;  // nullopt: being asked, or it did not tell
    std::unordered_map<std::uint64_t, std::unique_ptr<Question>> open_;  // by token
    std::uint64_t next_token_;
};

// "v20.20.2\n" -> "20.20.2"; nullopt: it is no version.
std::optional<std::string> version_in(std::string_view printed);

}  // namespace kpm::io

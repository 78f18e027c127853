#pragma once
// kpmd's end of the socket to the keeper (daemon/keeper/keeper_protocol.h). First receive_inventory(), which
// waits; then a KeeperLink on the loop, which never does: what the socket has no room for is queued with its
// descriptors.
//
// All descriptors that are passed in are borrowed for the call.

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/io/poll_fd.h"
#include "daemon/io/spawn_request.h"

namespace kpm::io {

struct KeeperChild {
    std::uint64_t token = 0;
    pid_t pid = 0;
    UniqueFd pidfd;
};

struct KeeperExit {
    std::uint64_t token = 0;
    pid_t pid = 0;
    int exit_code = -1;  // -1: killed by `signal`
    int signal = 0;
};

struct KeptFd {
    std::uint64_t owner = 0;
    std::int64_t slot = 0;
    UniqueFd fd;
};

// What the kpmd before this one left with the keeper.
struct Inventory {
    std::uint64_t start_count = 0;  // 1: this is the first kpmd of this keeper
    pid_t keeper_pid = 0;
    UniqueFd state;  // empty: none was set
    std::vector<KeptFd> kept;
    std::vector<KeeperChild> children;
    std::vector<KeeperExit>
        exits;  // not collected yet; a token may be in `children` too when it ended just now
};

// Takes over from the environment variable KPM_KEEPER_FD and removes it. NotFound: kpmd was not started by a
// keeper.
Result<UniqueFd> take_keeper_socket();

// Waits for the whole inventory, `limit` for each message. Invalid: the keeper speaks another version.
Result<Inventory> receive_inventory(int socket, std::chrono::milliseconds limit);

struct KeeperEvents {
    std::function<void(KeeperChild child)> spawned;
    std::function<void(std::uint64_t token, keeper::SpawnStage stage, int error_number)> spawn_failed;
    std::function<void(KeeperExit exit)> exited;
    std::function<void()> gone;  // the keeper is dead: nothing can be started any more. Said once.
};

class KeeperLink {
public:
    // `socket` after its inventory was received. The events come from the loop, never from within a call; the
    // link must not be destroyed in one of them.
    static Result<std::unique_ptr<KeeperLink>> open(Loop& loop, UniqueFd socket, KeeperEvents events);

    // A descriptor that the keeper is to store for the process, with the start: `slot` is below
    // keeper::kMaxSpawnSlots.
    struct Stored {
        std::int64_t slot = 0;
        int fd = -1;
    };
    // `stored` in the order of the slots. Error: not sent, no event will come.
    Result<void> spawn(std::uint64_t token, const SpawnRequest& request, std::span<const Stored> stored = {});
    Result<void> store(std::uint64_t owner, std::int64_t slot, int fd);
    Result<void> set_state(int memfd);
    void drop(std::uint64_t owner);
    void collected(std::uint64_t token);
    // The keeper exits with `exit_code` as soon as kpmd has exited.
    void quit(int exit_code);

    // Packets that wait for room in the socket.
    std::size_t queued() const { return queue_.size(); }
    // Before exit, after quit(): waits until all is sent, at most `limit`. false: not all.
    bool flush(std::chrono::milliseconds limit);

private:
    struct Outgoing {
        std::string packet;
        std::vector<UniqueFd> fds;
    };

    KeeperLink(UniqueFd socket, KeeperEvents events)
        : socket_(std::move(socket)), events_(std::move(events)) {}
    Result<void> send(const keeper::Message& message, std::span<const int> fds = {});
    Result<void> send(std::string_view packet, std::span<const int> fds);
    void ready(int events);
    void read();
    void dispatch(const keeper::Message& message, std::vector<UniqueFd> fds);
    void write_queue();
    void watch();
    void lose();

    UniqueFd socket_;
    KeeperEvents events_;
    std::deque<Outgoing> queue_;
    bool is_gone_ = false;
    std::optional<PollFd> poll_;
};

}  // namespace kpm::io

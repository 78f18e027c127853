#pragma once
// Reads what apps send to NOTIFY_SOCKET and finds out which app said it: the one whose root process is the
// sender, leads the sender's session, or is such a one for an ancestor of it. So a child that was forked
// twice is known by its session; one that has left the session, too, is a stranger. Strangers are not heard:
// one line a minute tells of them. Driven by the control loop; knows nothing of what the messages mean.
//
// A sender that has ended and is reaped when its datagram is read cannot be looked up: only a root process
// can send and exit at once. Others wait until they were heard, as systemd-notify does (BARRIER=1 comes with
// a descriptor, whose closing ends that wait).

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/core/host.h"
#include "daemon/core/notify_message.h"
#include "daemon/io/notify_socket.h"
#include "daemon/io/poll_fd.h"

namespace kpm::io {

class NotifyReceiver {
public:
    struct Callbacks {
        std::function<void(const core::AppKey&, core::Notification)> on_notification;
        std::function<void(std::string line)> on_notice;
    };

    static Result<std::unique_ptr<NotifyReceiver>> open(Loop& loop, UniqueFd socket, Callbacks callbacks);

    int socket() const { return socket_.get(); }
    std::string address() const { return notify_address(socket_.get()); }

    // A process was asked for. It may speak before its pid is known here: what nobody is known to have said
    // is kept until no process is expected any more.
    void expect(const core::AppKey& key);
    void add(const core::AppKey& key, pid_t root);
    // Its start failed (no root), or its root process is reaped: the pid may be another's from now on.
    void remove(const core::AppKey& key, pid_t root = 0);
    // All that was sent up to now; before the end of a process is told.
    void read_pending();

private:
    using Lineage = std::vector<pid_t>;  // processes and sessions that a sender belongs to

    struct Unclaimed {
        NotifyDatagram from;  // its text is parsed already
        Lineage lineage;
        core::Notification notification;
    };

    NotifyReceiver(UniqueFd socket, Callbacks callbacks)
        : socket_(std::move(socket)), callbacks_(std::move(callbacks)) {}
    void read(int most);
    void take(NotifyDatagram datagram);
    std::optional<core::AppKey> find_sender(pid_t sender, Lineage& lineage) const;
    void give_up_unclaimed();
    void drop(const NotifyDatagram& datagram, std::string_view reason);

    UniqueFd socket_;
    Callbacks callbacks_;
    std::unordered_map<pid_t, core::AppKey> apps_;  // by root process
    std::set<std::uint64_t> expected_;
    std::deque<Unclaimed> unclaimed_;
    std::optional<std::chrono::steady_clock::time_point> noticed_at_;
    std::optional<PollFd> poll_;  // after socket_: it must go first
};

}  // namespace kpm::io

#pragma once
// The keeper itself: one loop over signals, the link to kpmd and the readiness of the first kpmd. Carries out
// what kpmd asks and remembers; decides nothing.
//
// Flow: what kpmd must learn waits in the tables, not in a queue of packets. While the inventory or an answer
// waits for room in the socket, nothing is read, so that there are at most as many answers as launches may be
// under way; exits wait in Children's own queue. No launch outlives the turn that has read it: who ends
// is known by then.

#include "daemon/keeper/answers.h"
#include "daemon/keeper/daemon_process.h"
#include "daemon/keeper/inventory.h"
#include "daemon/keeper/last_stop.h"
#include "daemon/keeper/launches.h"
#include "daemon/keeper/reaper.h"

namespace kpm::keeper {

class Keeper {
public:
    Keeper(const Options& options, ReadyRelay& relay, Orphans& orphans, const rlimit& child_file_limit)
        : relay_(relay),
          orphans_(orphans),
          child_file_limit_(child_file_limit),
          daemon_(options),
          options_(options) {}

    // On a thread that is not the main one, see orphans.h. Until kpmd has said Quit and is gone, or after
    // SIGTERM all but kpmd, which does not come up; returns the exit code of the process.
    int run();

private:
    bool open_loop();
    bool start_daemon();  // false: the first start failed
    bool is_alone() const { return last_stop_.has_begun() || (stop_asked_ && daemon_.is_hopeless()); }
    void end_alone();
    void watch(int operation, int fd, std::uint32_t events);
    UniqueFd watch_process(pid_t pid);  // empty: SIGCHLD must do
    void handle_signals();
    int next_wake() const;
    void collect(pid_t pid);
    void ended(const Ended& process);
    void daemon_exited(int exit_code, int signal);

    bool may_read() const { return inventory_.is_done() && answers_.is_empty(); }
    bool read_link(int most);      // false: nothing more to read now
    bool receive(Packet& packet);  // of launches_.next(), and handles it; false: as above
    void handle(Packet& packet);
    void spawn(Packet& packet);
    void finish_launch();
    // One for each bit of `slots`; false: no memory.
    bool store(std::uint64_t owner, std::uint64_t slots, UniqueFd* fds);
    void answer(const Message& message, UniqueFd fd = {});
    void flush();
    void close_link();

    ReadyRelay& relay_;
    Orphans& orphans_;
    rlimit child_file_limit_;
    DaemonProcess daemon_;
    const Options& options_;
    UniqueFd epoll_;
    UniqueFd daemon_pidfd_;
    UniqueFd signals_;
    Link link_;
    std::uint32_t link_events_ = 0;
    Inventory inventory_;
    Children children_;
    Reaper reaper_;
    LastStop last_stop_;
    Store store_;
    UniqueFd state_;

    Launches launches_;
    Answers answers_;

    bool stop_asked_ = false;  // SIGTERM came: each kpmd is told, until one quits
    bool quit_ = false;
    bool finished_ = false;
    int exit_code_ = 0;
};

}  // namespace kpm::keeper

#pragma once
// The workers of one Node cluster app, and the sockets whose connections they take, on the data plane's loop:
// the part of Node's cluster primary that must be quick. Which sockets there are and who uses them is decided
// on the control thread (io/node_apps.h), which hears all that a worker says.
//
// A connection is accepted only when a worker can take it; otherwise it waits in the kernel's backlog. kpmd
// keeps its copy until the worker answers; one that it refuses, or dies with, goes to another (see
// ConnectionPool: the rules are the same). The next goes to the worker with the fewest unanswered ones, in
// turn among equals: a worker that is blocked has one or two, not a window full.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/balancer.h"
#include "daemon/io/loop.h"
#include "daemon/io/node_channel.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "daemon/io/worker_pool.h"

namespace kpm::io {

class NodePool : public WorkerPool {
public:
    using Sink = std::function<void(PlaneEvent)>;

    NodePool(Loop& loop, PoolId id, Sink sink);
    ~NodePool() override;

    // Connections to `listener` go to the workers that listen on `key`.
    void add_socket(const std::string& key, UniqueFd listener);
    // What waits for a worker here is closed.
    void remove_socket(const std::string& key);

    // `keys`: what it listens on already, one that an earlier kpmd had. An event WorkerGone tells of a
    // failure, too.
    void add_worker(const WorkerId& id, UniqueFd channel, const std::vector<std::string>& keys);
    void answer(const WorkerId& id, NodeAnswer answer);
    // A message of the app's; dropped when it does not read.
    void say(const WorkerId& id, std::string line);
    // No more connections; it has been told before this kpmd was there.
    void drain_quietly(const WorkerId& id);
    // Its process has ended: hands out what it said last, then WorkerGone.
    void finish_worker(const WorkerId& id);

    void set_serving(const WorkerId& id, bool serving) override;
    void drain(const WorkerId& id) override;
    void remove_worker(const WorkerId& id) override;
    void add_stats(PlaneStats& stats) const override;

private:
    struct Socket;
    struct Worker;
    struct Connection {
        UniqueFd socket;
        std::string key;
        std::uint64_t seq = 0;  // of the line that it was sent with
        bool rescued = false;
    };

    Worker* find(const WorkerId& id);
    void heard(Worker& worker, core::node::Message message, std::shared_ptr<void> hold);
    void answered(Worker& worker, std::uint64_t seq, bool accepted);
    void lost(Worker& worker, std::uint64_t seq);
    void gone(const WorkerId& id, std::string reason);
    void hold(Connection connection);
    void rest(Worker& worker);

    const std::vector<core::Candidate>& candidates(const std::string& key);
    bool can_take(const std::string& key);
    bool hand_over(Socket& socket, Connection& connection);
    void accept_burst(const std::string& key);
    void accept_failed(int error_number);
    void dispatch(Socket& socket);
    void dispatch_all();

    Loop& loop_;
    const PoolId id_;
    Sink sink_;
    std::map<std::string, std::unique_ptr<Socket>> sockets_;
    std::vector<std::unique_ptr<Worker>> workers_;  // in the order of joining
    std::vector<core::Candidate> candidates_;       // of workers_, made anew for each choice
    std::uint64_t next_order_ = 1;
    std::uint64_t next_seq_;
    PoolStats stats_;
    bool accept_trouble_ = false;  // said so; until the next accept that succeeds
    Timer accept_pause_;
    Timer worker_rest_;
};

}  // namespace kpm::io

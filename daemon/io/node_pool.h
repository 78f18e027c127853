#pragma once
// The workers of one Node cluster app, and the sockets whose connections they take, on the data plane's loop:
// the part of Node's cluster primary that must be quick. Which sockets there are and who uses them is decided
// on the control thread (io/node_apps.h), which hears all that a worker says.
//
// A connection is accepted only when a worker can take it; otherwise it waits in the kernel's backlog. kpmd
// keeps its copy until the worker answers; one that it refuses, or dies with, goes to another (see
// ConnectionPool: the rules are the same). The next goes to the worker with the fewest unanswered ones, in
// turn among equals: a worker that is blocked has one or two, not a window full. Or, with the policy
// least_connections, to the one with the fewest open ones, unanswered ones among them; with sticky, to that
// of its client's address. How many are open, workers tell that run the script of io/node_count.h; of others
// it is not known, and no limit holds for them.
//
// A socket that is given as a whole is accepted on here alone. One with a listener for each slot is accepted
// on by the workers (io/slot_sockets.h), and only what they leave comes here: connections of a slot without a
// worker, and those that a worker has left standing which is stuck, while another is not. For the latter the
// slots are looked at every ten milliseconds while there is traffic, and not at all when there is none, or
// nobody else to pass them to. A worker is stuck when its queue does not get shorter and it does not answer;
// asked is only one whose queue makes it look so, for under load there is always somebody waiting. What
// stands there goes to a worker that has answered just now, one for each answer: with one that cannot answer,
// a connection would be no better off.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/balancer.h"
#include "daemon/io/acceptor.h"
#include "daemon/io/loop.h"
#include "daemon/io/loss_notice.h"
#include "daemon/io/node_channel.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "daemon/io/worker_pool.h"

namespace kpm::io {

class NodePool : public WorkerPool {
public:
    using Sink = std::function<void(PlaneEvent)>;

    NodePool(Loop& loop, PoolId id, const PoolOptions& options, Sink sink);
    ~NodePool() override;

    // Connections to `listener` go to the workers that listen on `key`.
    void add_socket(const std::string& key, UniqueFd listener);
    // The workers of this slot accept on `listener` by themselves.
    void add_slot(const std::string& key, int slot, UniqueFd listener);
    // What waits for a worker here is closed.
    void remove_socket(const std::string& key);

    // `slot`: see add_slot. `keys`: what it listens on already, one that an earlier kpmd had. An event
    // WorkerGone tells of a failure, too. `counts`: it may know how many connections it has.
    void add_worker(const WorkerId& id, int slot, UniqueFd channel, const std::vector<std::string>& keys,
                    bool counts);
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
    void pass_probe(const WorkerId& id, PlaneProbe probe) override;
    void add_stats(PlaneStats& stats) const override;

private:
    struct Socket;
    struct Worker;
    struct Connection {
        UniqueFd socket;
        std::string key;
        std::uint64_t seq = 0;     // of the line that it was sent with
        std::uint64_t client = 0;  // its address, see core::Balancer
        bool rescued = false;
        std::chrono::steady_clock::time_point handed_at{};
        std::function<void(std::string trouble)> probe{};  // it is one, see PlaneProbe
    };

    Worker* find(const WorkerId& id);
    void heard(Worker& worker, core::node::Message message, std::shared_ptr<void> hold);
    void ask(Worker& worker);
    void counted(Worker& worker, const core::node::ConnectionsTold& told);
    void answered(Worker& worker, std::uint64_t seq, bool accepted);
    void lost(Worker& worker, std::uint64_t seq);
    void gone(const WorkerId& id, std::string reason);
    void hold(Connection connection);
    void lose();
    void take_back(std::deque<Connection> connections);
    void rest(Worker& worker);
    void send_probe(Worker& worker);

    Socket& socket_of(const std::string& key);
    const std::vector<core::Candidate>& candidates(const Socket& socket);
    bool can_take(const Socket& socket, const core::BalanceLimits& limits);
    // `is_fresh`: can_take has just looked at the candidates.
    bool hand_over(Socket& socket, core::Balancer& balancer, Connection& connection, bool is_fresh = false);
    bool pass(Worker& worker, Connection& connection);
    void accept_burst(Socket& socket, int listener, core::Balancer& balancer,
                      const core::BalanceLimits& limits);
    void dispatch(Socket& socket);
    void dispatch_all();
    void dispatch_heard();
    void watch_slots(Socket& socket, bool accepts);
    void begin_looking();
    void look_at_slots();
    bool is_stuck(const Worker& worker, const Socket& socket) const;
    bool may_relieve(const Worker& worker, const Socket& socket) const;
    void seek_relief(Socket& socket);
    void ask_for_life(Worker& worker);
    void show_life(Worker& worker);
    bool relieve(Socket& socket, Worker& free);

    Loop& loop_;
    const PoolId id_;
    const core::BalancePolicy policy_;
    const core::BalanceLimits limits_;
    Sink sink_;
    std::map<std::string, std::unique_ptr<Socket>> sockets_;
    std::vector<std::unique_ptr<Worker>> workers_;  // in the order of joining
    std::vector<core::Candidate> candidates_;       // of workers_, made anew for each choice
    std::uint64_t next_order_ = 1;
    std::uint64_t next_seq_;
    PoolStats stats_;
    LossNotice loss_notice_;
    Acceptor acceptor_;
    Timer worker_rest_;
    Timer look_;
    int quiet_looks_ = 0;
    std::uint64_t looks_ = 0;
    bool has_stuck_ = false;        // at the last look
    bool is_dispatch_due_ = false;  // when all is heard that a worker says in this turn
};

}  // namespace kpm::io

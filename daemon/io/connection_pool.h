#pragma once
// The listeners of one cluster app and the workers that take their connections, on the data plane's loop.
//
// A connection is accepted only when a worker can take it; otherwise it waits in the kernel's backlog. After
// it has been sent, kpmd keeps its copy until the worker answers:
//   accepted             the copy is closed
//   refused, or gone     the connection is `pending` and goes to another worker, before any new one
// So at most kWindow connections per worker are at stake, and none is lost with a worker that dies with them.
// A worker that refused, or to which the kernel could not deliver, rests a moment; otherwise a pool of
// unwilling workers would pass one connection around without end.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/balancer.h"
#include "daemon/io/acceptor.h"
#include "daemon/io/loop.h"
#include "daemon/io/loss_notice.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "daemon/io/worker_channel.h"
#include "daemon/io/worker_pool.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class ConnectionPool : public WorkerPool {
public:
    using Sink = std::function<void(PlaneEvent)>;

    ConnectionPool(Loop& loop, PoolId id, std::vector<UniqueFd> listeners, const PoolOptions& options,
                   Sink sink);
    ~ConnectionPool() override;
    ConnectionPool(const ConnectionPool&) = delete;
    ConnectionPool& operator=(const ConnectionPool&) = delete;

    // Its workers stay; what they hear of as listener `value` changes with the listeners.
    void change(std::vector<UniqueFd> listeners, const PoolOptions& options);
    // An event WorkerGone tells of a failure, too.
    void add_worker(const WorkerId& id, UniqueFd channel, bool resumed);
    void set_serving(const WorkerId& id, bool serving) override;
    void drain(const WorkerId& id) override;
    void remove_worker(const WorkerId& id) override;
    void pass_probe(const WorkerId& id, PlaneProbe probe) override;
    void add_stats(PlaneStats& stats) const override;

private:
    struct Listener;
    struct Worker;
    struct Connection {
        UniqueFd socket;
        std::uint64_t listener = 0;
        bool rescued = false;
        std::uint64_t client = 0;                          // its address, see core::Balancer
        std::function<void(std::string trouble)> probe{};  // it is one, see PlaneProbe
    };

    void watch(std::vector<UniqueFd> listeners);
    Worker* find(const WorkerId& id);
    void message(Worker& worker, const channel::ChannelMessage& message, UniqueFd passed);
    void state(Worker& worker, const channel::ChannelMessage& message);
    void tell_ready(Worker& worker);
    void answered(Worker& worker);
    void refused(Worker& worker, const channel::ChannelMessage& message, UniqueFd passed);
    void gone(const WorkerId& id, std::string reason);
    void take_back(Worker& worker);
    void hold(Connection connection);
    void lose();

    const std::vector<core::Candidate>& candidates();
    bool can_take();
    // `is_fresh`: can_take has just looked at the candidates.
    bool hand_over(Connection& connection, bool is_fresh = false);
    void accept_burst(std::size_t listener);
    void rest(Worker& worker);
    void dispatch();

    Loop& loop_;
    const PoolId id_;
    core::BalanceLimits limits_;
    Sink sink_;
    core::Balancer balancer_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::unique_ptr<Worker>> workers_;  // in the order of joining
    std::vector<core::Candidate> candidates_;       // of workers_, made anew for each choice
    std::deque<Connection> pending_;
    std::uint64_t next_order_ = 1;
    PoolStats stats_;
    LossNotice loss_notice_;
    Acceptor acceptor_;
    Timer worker_rest_;
};

}  // namespace kpm::io

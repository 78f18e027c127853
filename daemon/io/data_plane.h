#pragma once
// The data plane: a thread with its own loop that accepts the connections of cluster apps and hands them to
// workers over the kpm channel (ipc/kpm_channel.h) or Node's (core/node_protocol.h). Whatever the control
// loop is busy with delays no accept.
//
// The control thread calls; each call is a message to the data plane's loop and returns at once, in order.
// The sink is called on the data plane's thread and must only post to the control loop. Nothing else is
// shared. A call that names an unknown pool or worker is ignored: the worker may have gone a moment before.

#include <functional>
#include <memory>
#include <vector>

#include "daemon/io/plane_types.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class DataPlane {
public:
    using Sink = std::function<void(PlaneEvent)>;

    explicit DataPlane(Sink sink);
    // Stops the thread and closes its copies of all descriptors; no event comes after it.
    ~DataPlane();
    DataPlane(const DataPlane&) = delete;
    DataPlane& operator=(const DataPlane&) = delete;

    // The listeners are copies: the keeper holds the sockets. Their index is what workers are told as
    // `value`.
    void add_pool(PoolId pool, std::vector<UniqueFd> listeners, const PoolOptions& options);
    // Other listeners or options for it; its workers stay.
    void change_pool(PoolId pool, std::vector<UniqueFd> listeners, const PoolOptions& options);
    // Its workers leave with it, and connections that no worker has answered for are closed.
    void remove_pool(PoolId pool);

    // `resumed`: the worker was connected to an earlier kpmd; it is asked for its state and serves when that
    // says ready and not draining. A fresh one serves from its `ready` on. set_serving(false) before that
    // holds it back.
    void add_worker(PoolId pool, WorkerId worker, UniqueFd channel, bool resumed);
    void set_serving(WorkerId worker, bool serving);
    // No more connections for it, and it is told so; answered with WorkerDrained, or WorkerGone.
    void drain(WorkerId worker);
    // What it has not answered goes to others; no WorkerGone follows. Only for a process that is dead or
    // about to be killed: one that lives still has those connections in its end of the channel.
    void remove_worker(WorkerId worker);

    // --- pools of Node workers; remove_pool, set_serving, drain and remove_worker are theirs, too ---
    // Its sockets come and go with what the workers ask for (NodeSaid); see NodePool.
    void add_node_pool(PoolId pool, const PoolOptions& options);
    void add_node_socket(PoolId pool, const std::string& key, UniqueFd listener);
    void add_node_slot(PoolId pool, const std::string& key, int slot, UniqueFd listener);
    void remove_node_socket(PoolId pool, const std::string& key);
    void add_node_worker(PoolId pool, WorkerId worker, int slot, UniqueFd channel,
                         std::vector<std::string> keys, bool counts);
    void answer_node(WorkerId worker, NodeAnswer answer);
    // A line of the app's, see node::app_line().
    void say_to_node(WorkerId worker, std::string line);
    // As drain, of one that has been told to disconnect before this kpmd was there.
    void drain_node_quietly(WorkerId worker);
    // Its process has ended. Answered with WorkerGone after all that it has said.
    void finish_node(WorkerId worker);

    // `answer` is called on the data plane's thread.
    void request_stats(std::function<void(PlaneStats)> answer);

private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

}  // namespace kpm::io

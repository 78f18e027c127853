#pragma once
// The words that the control loop and the data plane exchange: ids, options, events and figures. Plain
// values.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/balancer.h"
#include "daemon/core/node_protocol.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

using PoolId = std::uint64_t;

struct WorkerId {
    int pm_id = 0;
    std::uint64_t incarnation = 0;

    auto operator<=>(const WorkerId&) const = default;
};

struct PoolOptions {
    core::BalancePolicy policy = core::BalancePolicy::LeastConnections;
    std::optional<std::uint64_t> max_connections;  // open ones per worker; more wait in the backlog

    bool operator==(const PoolOptions&) const = default;
};

// The worker has said `ready`, or a worker that was taken over has said so in its `state`.
struct WorkerReady {
    WorkerId worker;
    bool draining = false;  // only after a take-over: it was draining before
};
struct WorkerDrained {
    WorkerId worker;
};
// EOF or a protocol error. The worker has left the pool, what it had not answered went to others.
struct WorkerGone {
    WorkerId worker;
    std::string reason;
};
// A listener of the pool can accept nothing for a moment ("cannot accept on …: Too many open files"); it is
// tried again by itself. Once per trouble. Or connections are closed, see LossNotice.
struct AcceptTrouble {
    PoolId pool = 0;
    std::string reason;
};
// What a worker of a Node app said, in the order in which it did; not its answers to connections. `hold` is
// kept until it has been heard: the worker waits when too much of it has not.
struct NodeSaid {
    WorkerId worker;
    core::node::Message what;
    std::shared_ptr<void> hold;
};
using PlaneEvent = std::variant<WorkerReady, WorkerDrained, WorkerGone, AcceptTrouble, NodeSaid>;

// To a Node worker that has asked for a listening socket.
struct NodeAnswer {
    core::node::ListenAnswer what;
    UniqueFd handle;  // it accepts (or receives) by itself; empty: the data plane accepts for it
    bool is_udp = false;
};

// A connection that is for one worker alone: a look at its health. It goes to no other.
struct PlaneProbe {
    std::string key;             // of a Node app: of the socket that it seems to come from
    std::uint64_t listener = 0;  // of others: the index of that
    UniqueFd connection;
    // Called once, on the data plane's thread: the worker has taken it (""), or why not.
    std::function<void(std::string trouble)> answer;
};

struct WorkerStats {
    WorkerId worker;
    PoolId pool = 0;
    bool ready = false;
    bool serving = false;
    bool draining = false;
    std::uint64_t handed = 0;    // sent over the channel
    std::uint64_t accepted = 0;  // answered with `accepted`; those that the kernel handed it, as far as told
    std::uint64_t refused = 0;   // answered with `refused`
    std::uint64_t rescued = 0;   // came to it after another worker had died with it or refused it
    std::uint64_t open = 0;      // accepted and not done
    std::uint64_t unacked = 0;
    std::uint64_t load = 0;
};

struct PoolStats {
    PoolId pool = 0;
    std::uint64_t accepted = 0;  // taken from the kernel
    std::uint64_t rescued = 0;
    std::uint64_t pending = 0;  // held here until a worker can take them
    std::uint64_t lost = 0;     // still pending when the pool was removed, or over the limit: closed
};

struct PlaneStats {
    std::vector<PoolStats> pools;
    std::vector<WorkerStats> workers;
};

}  // namespace kpm::io

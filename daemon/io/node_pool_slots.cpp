// The part of NodePool that helps workers which accept by themselves.
#include <chrono>
#include <utility>

#include "daemon/io/node_pool_parts.h"

namespace kpm::io {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookPause = 10ms;
constexpr int kQuietLooks = 200;  // then the next connection is waited for
// Under load a worker comes to its channel after all connections that it has just accepted.
constexpr std::uint64_t kAnswerLooks = 2;

}  // namespace

void NodePool::watch_slots(Socket& socket, bool accepts) {
    SlotSockets::Slots owned;
    for (const auto& worker : workers_)
        if (worker->serves(socket.key)) owned.insert(worker->slot);
    socket.slots->watch(owned, accepts);
    socket.slots->arm(owned.size() > 1 && !look_.is_active());
}

void NodePool::begin_looking() {
    quiet_looks_ = 0;
    if (!look_.is_active()) look_.start(kLookPause, kLookPause);
}

void NodePool::look_at_slots() {
    ++looks_;
    has_stuck_ = false;
    bool has_traffic = false;
    for (const auto& [key, socket] : sockets_) {
        if (!socket->slots || !socket->slots->look()) continue;
        has_traffic = true;
        seek_relief(*socket);
    }
    quiet_looks_ = has_traffic ? 0 : quiet_looks_ + 1;
    if (quiet_looks_ < kQuietLooks) return;
    look_.stop();
    dispatch_all();
}

// One that does not tell its connections cannot be asked either.
bool NodePool::is_stuck(const Worker& worker, const Socket& socket) const {
    if (!socket.slots || !socket.slots->is_standing(worker.slot)) return false;
    return !worker.counts || (worker.asked_at != 0 && looks_ - worker.asked_at >= kAnswerLooks);
}

bool NodePool::may_relieve(const Worker& worker, const Socket& socket) const {
    return worker.serves(socket.key) && !socket.slots->is_standing(worker.slot) && worker.asked_at == 0 &&
           worker.unacked.empty() && !worker.resting && worker.channel->takes_connections();
}

void NodePool::seek_relief(Socket& socket) {
    int waiting = 0;
    for (const auto& worker : workers_) {
        if (!worker->serves(socket.key) || !socket.slots->is_standing(worker->slot)) continue;
        if (is_stuck(*worker, socket))
            waiting += socket.slots->length(worker->slot);
        else if (worker->asked_at == 0)
            ask_for_life(*worker);
    }
    if (waiting == 0) return;
    has_stuck_ = true;
    for (; waiting > 0; --waiting) {
        candidates(socket);
        for (std::size_t i = 0; i < workers_.size(); ++i)
            candidates_[i].blocked = !may_relieve(*workers_[i], socket);
        const auto chosen = socket.relief.choose(candidates_);
        if (!chosen) return;
        Worker& free = *workers_[*chosen];
        if (free.counts)
            ask_for_life(free);
        else if (!relieve(socket, free))
            return;
    }
}

void NodePool::ask_for_life(Worker& worker) {
    worker.asked_at = looks_;
    ask(worker);
}

// It has just answered: its loop has come round, in which it takes what waits on its sockets, too.
void NodePool::show_life(Worker& worker) {
    worker.asked_at = 0;
    for (const auto& [key, socket] : sockets_) {
        if (!socket->slots || !worker.serves(key)) continue;
        socket->slots->moved(worker.slot);
        if (has_stuck_ && may_relieve(worker, *socket)) relieve(*socket, worker);
    }
}

// Takes one connection of a worker that is stuck.
bool NodePool::relieve(Socket& socket, Worker& free) {
    bool has_taken = false;
    for (const auto& worker : workers_) {
        if (has_taken || acceptor_.is_pausing()) break;
        if (!worker->serves(socket.key) || !is_stuck(*worker, socket)) continue;
        acceptor_.take(
            socket.slots->listener(worker->slot), socket.balancer.asks_for_client(),
            [&] { return !has_taken; },
            [&](Acceptor::Taken taken) {
                has_taken = true;
                socket.slots->took_one(worker->slot);
                ++stats_.accepted;
                ++stats_.rescued;
                Connection connection{
                    .socket = std::move(taken.socket), .key = socket.key, .client = taken.client};
                connection.rescued = true;
                if (!pass(free, connection)) socket.pending.push_back(std::move(connection));
            });
    }
    return has_taken;
}

}  // namespace kpm::io

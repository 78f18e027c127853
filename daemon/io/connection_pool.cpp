#include "daemon/io/connection_pool.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace kpm::io {
namespace {

using namespace std::chrono_literals;
using channel::ChannelMessage;
using channel::Type;

// Connections that a worker hands back beyond this are closed: only a worker that gives back what it had long
// accepted can bring a pool here.
constexpr std::size_t kMaxPending = 1024;
constexpr auto kWorkerRest = 50ms;

core::BalanceLimits limits_of(const PoolOptions& options) {
    return {.window = channel::kWindow, .max_connections = options.max_connections};
}

// Two descriptors of one socket have one inode.
std::optional<ino_t> inode_of(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) < 0) return std::nullopt;
    return status.st_ino;
}

}  // namespace

struct ConnectionPool::Listener {
    UniqueFd socket;
    std::optional<PollFd> poll;
    bool watched = false;
};

struct ConnectionPool::Worker {
    WorkerId id;
    std::uint64_t order = 0;
    bool ready = false;
    bool allowed = true;
    bool draining = false;
    // A worker may say the same without end: it is told on once.
    bool told_ready = false, told_ready_draining = false, told_drained = false;
    bool full = false;     // until on_room
    bool resting = false;  // until the timer
    std::deque<Connection> unacked;
    WorkerStats stats;
    std::unique_ptr<WorkerChannel> channel;

    bool is_serving() const { return ready && allowed && !draining; }
};

ConnectionPool::ConnectionPool(Loop& loop, PoolId id, std::vector<UniqueFd> listeners,
                               const PoolOptions& options, Sink sink)
    : loop_(loop),
      id_(id),
      limits_(limits_of(options)),
      sink_(std::move(sink)),
      balancer_(options.policy, limits_),
      acceptor_(loop, {.on_trouble =
                           [this](int error) {
                               sink_(AcceptTrouble{
                                   id_, os_error("accept on", fmt::format("pool {}", id_), error).message});
                           },
                       .on_resume = [this] { dispatch(); }}),
      worker_rest_(loop, [this] {
          for (const auto& worker : workers_) worker->resting = false;
          dispatch();
      }) {
    stats_.pool = id;
    watch(std::move(listeners));
}

ConnectionPool::~ConnectionPool() = default;

void ConnectionPool::change(std::vector<UniqueFd> listeners, const PoolOptions& options) {
    limits_ = limits_of(options);
    balancer_.change(options.policy, limits_);
    watch(std::move(listeners));
    dispatch();
}

void ConnectionPool::watch(std::vector<UniqueFd> listeners) {
    listeners_.clear();
    for (UniqueFd& socket : listeners) {
        auto listener = std::make_unique<Listener>();
        listener->socket = std::move(socket);
        const std::size_t index = listeners_.size();
        auto poll =
            PollFd::open(loop_, listener->socket.get(), 0, [this, index](int) { accept_burst(index); });
        if (poll)
            listener->poll.emplace(std::move(poll).value());
        else
            sink_(AcceptTrouble{id_, poll.error().message});
        listeners_.push_back(std::move(listener));
    }
}

void ConnectionPool::add_worker(const WorkerId& id, UniqueFd channel, bool resumed) {
    auto worker = std::make_unique<Worker>();
    Worker* const joined = worker.get();
    worker->id = id;
    worker->order = next_order_++;
    auto opened = WorkerChannel::open(
        loop_, std::move(channel),
        {.on_message = [this, joined](const ChannelMessage& got,
                                      UniqueFd passed) { message(*joined, got, std::move(passed)); },
         .on_room =
             [this, joined] {
                 joined->full = false;
                 dispatch();
             },
         .on_heard = [this] { dispatch(); },
         .on_gone = [this, id](std::string reason) { gone(id, std::move(reason)); }});
    if (!opened) {
        sink_(WorkerGone{id, opened.error().message});
        return;
    }
    worker->channel = std::move(opened).value();
    workers_.push_back(std::move(worker));
    if (resumed) joined->channel->send_notice(Type::Hello);
}

void ConnectionPool::set_serving(const WorkerId& id, bool serving) {
    Worker* const worker = find(id);
    if (!worker) return;
    worker->allowed = serving;
    dispatch();
}

void ConnectionPool::drain(const WorkerId& id) {
    Worker* const worker = find(id);
    if (!worker) return;
    worker->draining = true;
    worker->told_drained = false;  // what it has said of its own accord is no answer
    worker->channel->send_notice(Type::Drain);
    dispatch();
}

void ConnectionPool::remove_worker(const WorkerId& id) {
    Worker* const worker = find(id);
    if (!worker) return;
    take_back(*worker);
    std::erase_if(workers_, [&](const auto& one) { return one.get() == worker; });
    dispatch();
}

ConnectionPool::Worker* ConnectionPool::find(const WorkerId& id) {
    return find_worker(workers_, id);
}

void ConnectionPool::message(Worker& worker, const ChannelMessage& message, UniqueFd passed) {
    switch (message.type) {
        case Type::Ready:
            worker.ready = true;
            tell_ready(worker);
            break;
        case Type::Accepted:
            answered(worker);
            break;
        case Type::Refused:
            refused(worker, message, std::move(passed));
            break;
        case Type::Done:
            if (worker.stats.open > 0) --worker.stats.open;
            break;
        case Type::Load:
            worker.stats.load = message.value;
            break;
        case Type::Drained:
            worker.draining = true;  // also of its own accord
            if (!std::exchange(worker.told_drained, true)) sink_(WorkerDrained{worker.id});
            break;
        case Type::State:
            state(worker, message);
            break;
        case Type::Connection:
        case Type::Drain:
        case Type::Hello:
            break;  // ours; unknown types fall through here too, as the protocol asks
    }
}

void ConnectionPool::state(Worker& worker, const ChannelMessage& message) {
    worker.ready = (message.flags & channel::kStateReady) != 0;
    worker.draining = worker.draining || (message.flags & channel::kStateDraining) != 0;
    worker.stats.open = message.value;
    tell_ready(worker);
}

void ConnectionPool::tell_ready(Worker& worker) {
    if (!worker.ready) return;
    const bool is_told = std::exchange(worker.told_ready, true);
    if (is_told && (!worker.draining || std::exchange(worker.told_ready_draining, true))) return;
    worker.told_ready_draining = worker.draining;
    sink_(WorkerReady{.worker = worker.id, .draining = worker.draining});
}

void ConnectionPool::answered(Worker& worker) {
    ++worker.stats.open;
    // None is left when an earlier kpmd had sent it: then only the count is ours.
    if (!worker.unacked.empty()) {
        const Connection taken = std::move(worker.unacked.front());
        worker.unacked.pop_front();
        if (taken.probe) return taken.probe("");
    }
    ++worker.stats.accepted;
}

void ConnectionPool::refused(Worker& worker, const ChannelMessage& message, UniqueFd passed) {
    ++worker.stats.refused;
    rest(worker);
    // By identity, because a worker with threads may answer out of turn. One that an earlier kpmd had sent is
    // known only by what came with the message.
    auto held = worker.unacked.begin();
    if (passed) {
        const auto inode = inode_of(passed.get());
        held = std::find_if(worker.unacked.begin(), worker.unacked.end(),
                            [&](const Connection& one) { return inode_of(one.socket.get()) == inode; });
    }
    if (held != worker.unacked.end()) {
        Connection connection = std::move(*held);
        worker.unacked.erase(held);
        if (connection.probe) return connection.probe("it has refused the connection");
        hold(std::move(connection));
    } else if (passed) {
        const std::uint64_t listener = message.value < listeners_.size() ? message.value : 0;
        hold({.socket = std::move(passed), .listener = listener});
    }
}

void ConnectionPool::gone(const WorkerId& id, std::string reason) {
    remove_worker(id);
    sink_(WorkerGone{id, std::move(reason)});
}

void ConnectionPool::take_back(Worker& worker) {
    for (Connection& connection : std::exchange(worker.unacked, {})) {
        if (connection.probe)
            connection.probe("its channel has ended");
        else
            hold(std::move(connection));
    }
}

void ConnectionPool::pass_probe(const WorkerId& id, PlaneProbe probe) {
    Worker* const worker = find(id);
    if (!worker || !worker->ready) return probe.answer("it is not ready for connections");
    const bool has_one = std::any_of(worker->unacked.begin(), worker->unacked.end(),
                                     [](const Connection& one) { return static_cast<bool>(one.probe); });
    if (has_one ||
        worker->channel->send_connection(probe.listener, probe.connection.get()) != WorkerChannel::Sent::Sent)
        return probe.answer("it takes no connections");
    worker->unacked.push_back({.socket = std::move(probe.connection),
                               .listener = probe.listener,
                               .probe = std::move(probe.answer)});
}

void ConnectionPool::hold(Connection connection) {
    if (pending_.size() >= kMaxPending) return lose();
    connection.rescued = true;
    ++stats_.rescued;
    pending_.push_back(std::move(connection));
}

void ConnectionPool::lose() {
    ++stats_.lost;
    if (auto notice = loss_notice_.lose(id_, LossNotice::Clock::now()))
        sink_(AcceptTrouble{id_, *std::move(notice)});
}

const std::vector<core::Candidate>& ConnectionPool::candidates() {
    candidates_.clear();
    for (const auto& worker : workers_)
        candidates_.push_back({.order = worker->order,
                               .slot = worker->id.pm_id,
                               .serving = worker->is_serving(),
                               .blocked = worker->full || worker->resting,
                               .unacked = worker->unacked.size(),
                               .open = worker->stats.open,
                               .load = worker->stats.load});
    return candidates_;
}

bool ConnectionPool::can_take() {
    const auto& all = candidates();
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return is_eligible(one, limits_); });
}

bool ConnectionPool::hand_over(Connection& connection, bool is_fresh) {
    for (;;) {
        if (!std::exchange(is_fresh, false)) candidates();
        const auto chosen = balancer_.choose(candidates_, connection.client);
        if (!chosen) return false;
        Worker& worker = *workers_[*chosen];
        switch (worker.channel->send_connection(connection.listener, connection.socket.get())) {
            case WorkerChannel::Sent::Sent:
                ++worker.stats.handed;
                if (connection.rescued) ++worker.stats.rescued;
                worker.unacked.push_back(std::move(connection));
                return true;
            case WorkerChannel::Sent::Full:
                worker.full = true;
                break;
            case WorkerChannel::Sent::Failed:
                rest(worker);
                break;
        }
    }
}

void ConnectionPool::accept_burst(std::size_t index) {
    acceptor_.take(
        listeners_[index]->socket.get(), balancer_.asks_for_client(),
        [this] { return pending_.empty() && can_take(); },
        [this, index](Acceptor::Taken taken) {
            ++stats_.accepted;
            Connection connection{
                .socket = std::move(taken.socket), .listener = index, .client = taken.client};
            if (!hand_over(connection, true)) pending_.push_back(std::move(connection));
        });
    dispatch();
}

void ConnectionPool::rest(Worker& worker) {
    worker.resting = true;
    if (!worker_rest_.is_active()) worker_rest_.start(kWorkerRest);
}

void ConnectionPool::dispatch() {
    while (!pending_.empty() && hand_over(pending_.front())) pending_.pop_front();
    const bool open = pending_.empty() && !acceptor_.is_pausing() && can_take();
    for (const auto& listener : listeners_) {
        if (listener->watched == open || !listener->poll) continue;
        listener->watched = open;
        listener->poll->watch(open ? UV_READABLE : 0);
    }
}

void ConnectionPool::add_stats(PlaneStats& stats) const {
    PoolStats pool = stats_;
    pool.pending = pending_.size();
    stats.pools.push_back(pool);
    for (const auto& worker : workers_) {
        WorkerStats one = worker->stats;
        one.worker = worker->id;
        one.pool = id_;
        one.ready = worker->ready;
        one.serving = worker->is_serving();
        one.draining = worker->draining;
        one.unacked = worker->unacked.size();
        stats.workers.push_back(one);
    }
}

}  // namespace kpm::io

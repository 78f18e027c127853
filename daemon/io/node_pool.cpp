#include "daemon/io/node_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/io/node_pool_parts.h"

namespace kpm::io {
namespace {

namespace node = core::node;
using namespace std::chrono_literals;

// Only workers that refuse or die with windows full can bring a pool here; beyond it connections are closed.
constexpr std::size_t kMaxPending = 1024;
// A worker at its maxConnections refuses without end; so long it is asked again.
constexpr auto kWorkerRest = 20ms;
constexpr std::size_t kWindow = 8;
// A session's worker is waited for longer: another one does not know the session.
constexpr std::size_t kStickyWindow = 64;
// Node answers for a connection when it takes it off its channel, in a moment unless it computes. Answers
// that are under way when the next connection comes must not make a blocked worker look as good as a free
// one.
constexpr auto kSlow = 10ms;
// How old the figures of what the kernel hands out may be.
constexpr auto kCountPause = 1s;

// Above all numbers that an earlier kpmd used and whose answers may still come.
std::uint64_t first_seq() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

}  // namespace

NodePool::NodePool(Loop& loop, PoolId id, const PoolOptions& options, Sink sink)
    : loop_(loop),
      id_(id),
      policy_(options.policy),
      limits_{.window = policy_ == core::BalancePolicy::Sticky ? kStickyWindow : kWindow,
              .max_connections = options.max_connections},
      sink_(std::move(sink)),
      next_seq_(first_seq()),
      acceptor_(loop, {.on_trouble =
                           [this](int error) {
                               sink_(AcceptTrouble{
                                   id_, os_error("accept on", fmt::format("pool {}", id_), error).message});
                           },
                       .on_resume = [this] { dispatch_all(); }}),
      worker_rest_(loop,
                   [this] {
                       for (const auto& worker : workers_) worker->resting = false;
                       dispatch_all();
                   }),
      look_(loop, [this] { look_at_slots(); }) {
    stats_.pool = id;
}

NodePool::~NodePool() = default;

NodePool::Socket& NodePool::socket_of(const std::string& key) {
    auto& socket = sockets_[key];
    if (!socket) {
        socket = std::make_unique<Socket>(policy_, limits_);
        socket->key = key;
    }
    return *socket;
}

void NodePool::add_socket(const std::string& key, UniqueFd listener) {
    Socket& socket = socket_of(key);
    socket.listener = std::move(listener);
    auto poll = PollFd::open(loop_, socket.listener.get(), 0, [this, &socket](int) {
        accept_burst(socket, socket.listener.get(), socket.balancer, limits_);
    });
    if (poll)
        socket.poll.emplace(std::move(poll).value());
    else
        sink_(AcceptTrouble{id_, poll.error().message});
    dispatch(socket);
}

void NodePool::add_slot(const std::string& key, int slot, UniqueFd listener) {
    Socket& socket = socket_of(key);
    if (!socket.slots)
        socket.slots = std::make_unique<SlotSockets>(
            loop_, SlotSockets::Callbacks{.on_orphan =
                                              [this, &socket](int orphan) {
                                                  accept_burst(socket, orphan, socket.balancer, limits_);
                                              },
                                          .on_traffic = [this] { begin_looking(); }});
    socket.slots->add(slot, std::move(listener));
    dispatch(socket);
}

void NodePool::remove_socket(const std::string& key) {
    const auto it = sockets_.find(key);
    if (it == sockets_.end()) return;
    stats_.lost += it->second->pending.size();
    sockets_.erase(it);
    for (const auto& worker : workers_) worker->joined.erase(key);
}

void NodePool::add_worker(const WorkerId& id, int slot, UniqueFd channel,
                          const std::vector<std::string>& keys, bool counts) {
    auto worker = std::make_unique<Worker>();
    Worker* const joined = worker.get();
    worker->id = id;
    worker->slot = slot;
    worker->order = next_order_++;
    for (const std::string& key : keys) worker->joined[key] = true;
    auto opened =
        NodeChannel::open(loop_, std::move(channel),
                          {.on_message =
                               [this, joined](node::Message message, std::shared_ptr<void> hold) {
                                   heard(*joined, std::move(message), std::move(hold));
                               },
                           .on_lost = [this, joined](std::uint64_t seq) { lost(*joined, seq); },
                           .on_room = [this] { dispatch_all(); },
                           .on_heard = [this] { dispatch_heard(); },
                           .on_gone = [this, id](std::string reason) { gone(id, std::move(reason)); }});
    if (!opened) {
        sink_(WorkerGone{id, opened.error().message});
        return;
    }
    worker->channel = std::move(opened).value();
    if (counts) ask(*worker);
    workers_.push_back(std::move(worker));
    dispatch_all();
}

void NodePool::answer(const WorkerId& id, NodeAnswer answer) {
    Worker* const worker = find(id);
    if (!worker) return;
    const std::uint64_t seq = next_seq_++;
    // One that is answered again may listen already.
    if (answer.what.error_number == 0 && !answer.is_udp) worker->joined.try_emplace(answer.what.key, false);
    if (!answer.handle) {
        worker->channel->send(node::answer_line(answer.what, seq));
        return;
    }
    worker->channel->send_handle(node::handle_answer_line(answer.what, answer.is_udp, seq),
                                 std::move(answer.handle));
}

void NodePool::say(const WorkerId& id, std::string line) {
    if (Worker* const worker = find(id)) worker->channel->send(std::move(line));
}

void NodePool::set_serving(const WorkerId& id, bool serving) {
    Worker* const worker = find(id);
    if (!worker) return;
    worker->allowed = serving;
    dispatch_all();
}

void NodePool::drain(const WorkerId& id) {
    Worker* const worker = find(id);
    if (!worker) return;
    drain_quietly(id);
    worker->channel->send(node::disconnect_line(next_seq_++));
}

void NodePool::drain_quietly(const WorkerId& id) {
    Worker* const worker = find(id);
    if (!worker) return;
    worker->draining = true;
    dispatch_all();
}

void NodePool::remove_worker(const WorkerId& id) {
    Worker* const worker = find(id);
    if (!worker) return;
    auto left = std::exchange(worker->unacked, {});
    if (const auto probe = std::exchange(worker->probe, std::nullopt)) probe->answer("its channel has ended");
    std::erase_if(workers_, [&](const auto& one) { return one.get() == worker; });
    take_back(std::move(left));
    dispatch_all();
}

void NodePool::take_back(std::deque<Connection> connections) {
    for (Connection& connection : connections) {
        if (connection.probe)
            connection.probe("its channel has ended");
        else
            hold(std::move(connection));
    }
}

void NodePool::pass_probe(const WorkerId& id, PlaneProbe probe) {
    Worker* const worker = find(id);
    if (!worker) return probe.answer("its channel has ended");
    const auto joined = worker->joined.find(probe.key);
    if (joined == worker->joined.end() || !joined->second) return probe.answer("it does not listen there");
    const bool has_one = worker->probe || std::any_of(worker->unacked.begin(), worker->unacked.end(),
                                                      [](const Connection& one) { return !!one.probe; });
    if (has_one) return probe.answer("it takes no more connections");
    worker->probe = std::move(probe);
    send_probe(*worker);
}

// As soon as its channel has room.
void NodePool::send_probe(Worker& worker) {
    if (!worker.probe || !worker.channel->takes_connections()) return;
    PlaneProbe& probe = *worker.probe;
    const std::uint64_t seq = next_seq_++;
    if (!worker.channel->pass_connection(node::connection_line(probe.key, seq), seq, probe.connection.get()))
        return;
    worker.unacked.push_back({.socket = std::move(probe.connection),
                              .key = std::move(probe.key),
                              .seq = seq,
                              .handed_at = std::chrono::steady_clock::now(),
                              .probe = std::move(probe.answer)});
    worker.probe.reset();
}

void NodePool::finish_worker(const WorkerId& id) {
    if (Worker* const worker = find(id)) worker->channel->finish();
    gone(id, "the process has ended");
}

NodePool::Worker* NodePool::find(const WorkerId& id) {
    return find_worker(workers_, id);
}

void NodePool::heard(Worker& worker, node::Message message, std::shared_ptr<void> hold) {
    if (const auto* answer = std::get_if<node::ConnectionAnswered>(&message))
        return answered(worker, answer->seq, answer->accepted);
    if (const auto* told = std::get_if<node::ConnectionsTold>(&message)) return counted(worker, *told);
    if (std::holds_alternative<node::Listening>(message)) {
        for (auto& [key, listens] : worker.joined) listens = true;
        dispatch_all();
    }
    if (const auto* closed = std::get_if<node::ListenClosed>(&message)) worker.joined.erase(closed->key);
    if (const auto* leaving = std::get_if<node::Leaving>(&message)) {
        worker.draining = true;
        worker.channel->send(node::acknowledge_line(leaving->seq, next_seq_++));
    }
    sink_(NodeSaid{worker.id, std::move(message), std::move(hold)});
}

// How many connections it has. One that computes does not answer.
void NodePool::ask(Worker& worker) {
    const bool at_once = limits_.max_connections || policy_ == core::BalancePolicy::LeastConnections;
    worker.channel->send(node::count_line(at_once ? 0ms : kCountPause));
}

// Its answers to connections come before what it tells of them.
void NodePool::counted(Worker& worker, const node::ConnectionsTold& told) {
    worker.counts = true;
    worker.stats.open = told.taken - told.ended;
    worker.stats.accepted = told.taken;
    show_life(worker);
    is_dispatch_due_ = true;
}

void NodePool::answered(Worker& worker, std::uint64_t seq, bool accepted) {
    const auto it = std::find_if(worker.unacked.begin(), worker.unacked.end(),
                                 [&](const Connection& one) { return one.seq == seq; });
    if (it == worker.unacked.end()) return;  // of an earlier kpmd
    Connection connection = std::move(*it);
    worker.unacked.erase(it);
    is_dispatch_due_ = true;
    if (connection.probe) return connection.probe(accepted ? "" : "it has refused the connection");
    if (accepted) {
        ++worker.stats.accepted;
        if (worker.counts) ++worker.stats.open;
    } else {
        ++worker.stats.refused;
        rest(worker);
    }
    if (accepted)
        show_life(worker);
    else
        hold(std::move(connection));
}

// A worker without a free descriptor.
void NodePool::lost(Worker& worker, std::uint64_t seq) {
    answered(worker, seq, false);
}

void NodePool::gone(const WorkerId& id, std::string reason) {
    remove_worker(id);
    sink_(WorkerGone{id, std::move(reason)});
}

void NodePool::hold(Connection connection) {
    const auto socket = sockets_.find(connection.key);
    if (socket == sockets_.end()) {  // the app has closed it
        ++stats_.lost;
        return;
    }
    if (socket->second->pending.size() >= kMaxPending) return lose();
    connection.rescued = true;
    ++stats_.rescued;
    socket->second->pending.push_back(std::move(connection));
}

void NodePool::lose() {
    ++stats_.lost;
    if (auto notice = loss_notice_.lose(id_, LossNotice::Clock::now()))
        sink_(AcceptTrouble{id_, *std::move(notice)});
}

void NodePool::rest(Worker& worker) {
    worker.resting = true;
    if (!worker_rest_.is_active()) worker_rest_.start(kWorkerRest);
}

const std::vector<core::Candidate>& NodePool::candidates(const Socket& socket) {
    candidates_.clear();
    const auto now = std::chrono::steady_clock::now();
    for (const auto& worker : workers_) {
        candidates_.push_back(
            {.order = worker->order,
             .slot = worker->slot,
             .serving = worker->serves(socket.key),
             .blocked = worker->resting || !worker->channel->takes_connections() || is_stuck(*worker, socket),
             .unacked = worker->unacked.size(),
             .slow = !worker->unacked.empty() && now - worker->unacked.front().handed_at > kSlow,
             .open = worker->stats.open,
             .load = worker->stats.open});
    }
    return candidates_;
}

bool NodePool::can_take(const Socket& socket, const core::BalanceLimits& limits) {
    const auto& all = candidates(socket);
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return is_eligible(one, limits); });
}

bool NodePool::hand_over(Socket& socket, core::Balancer& balancer, Connection& connection, bool is_fresh) {
    for (;;) {
        if (!std::exchange(is_fresh, false)) candidates(socket);
        const auto chosen = balancer.choose(candidates_, connection.client);
        if (!chosen) return false;
        if (pass(*workers_[*chosen], connection)) return true;
    }
}

bool NodePool::pass(Worker& worker, Connection& connection) {
    connection.seq = next_seq_++;
    if (!worker.channel->pass_connection(node::connection_line(connection.key, connection.seq),
                                         connection.seq, connection.socket.get())) {
        rest(worker);
        return false;
    }
    ++worker.stats.handed;
    if (connection.rescued) ++worker.stats.rescued;
    connection.handed_at = std::chrono::steady_clock::now();
    worker.unacked.push_back(std::move(connection));
    return true;
}

void NodePool::accept_burst(Socket& socket, int listener, core::Balancer& balancer,
                            const core::BalanceLimits& limits) {
    acceptor_.take(
        listener, balancer.asks_for_client(),
        [&] { return socket.pending.empty() && can_take(socket, limits); },
        [&](Acceptor::Taken taken) {
            ++stats_.accepted;
            Connection connection{
                .socket = std::move(taken.socket), .key = socket.key, .client = taken.client};
            // Taken in the place of the worker whose it was.
            connection.rescued = socket.slots != nullptr;
            if (connection.rescued) ++stats_.rescued;
            if (!hand_over(socket, balancer, connection, true))
                socket.pending.push_back(std::move(connection));
        });
    dispatch(socket);
}

void NodePool::dispatch(Socket& socket) {
    while (!socket.pending.empty() && hand_over(socket, socket.balancer, socket.pending.front()))
        socket.pending.pop_front();
    core::BalanceLimits limits = limits_;
    // Once all windows are full it waits until one is half empty: connections are taken in bursts then, and
    // the listener is not given to the kernel to be watched, and taken back, for each of them.
    if (socket.poll && !socket.watched) limits.window /= 2;
    const bool open = socket.pending.empty() && !acceptor_.is_pausing() && can_take(socket, limits);
    if (socket.slots) watch_slots(socket, open);
    if (!socket.poll || std::exchange(socket.watched, open) == open) return;
    socket.poll->watch(open ? UV_READABLE : 0);
}

void NodePool::dispatch_heard() {
    if (std::exchange(is_dispatch_due_, false)) dispatch_all();
}

void NodePool::dispatch_all() {
    for (const auto& worker : workers_) send_probe(*worker);
    for (const auto& [key, socket] : sockets_) dispatch(*socket);
}

void NodePool::add_stats(PlaneStats& stats) const {
    PoolStats pool = stats_;
    for (const auto& [key, socket] : sockets_) pool.pending += socket->pending.size();
    stats.pools.push_back(pool);
    for (const auto& worker : workers_) {
        WorkerStats one = worker->stats;
        one.worker = worker->id;
        one.pool = id_;
        one.ready = worker->is_ready();
        one.serving = one.ready && worker->allowed && !worker->draining;
        one.draining = worker->draining;
        one.unacked = worker->unacked.size();
        stats.workers.push_back(one);
    }
}

}  // namespace kpm::io

// The UvHost's part that deals with workers: their pools, what Node's tell, how they are drained.

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "daemon/io/turn_away.h"
#include "daemon/io/uv_host.h"

namespace kpm::io {
namespace {

// From the end of a worker's channel to the signal that ends the worker.
constexpr std::chrono::seconds kFarewell{2};

}  // namespace

void UvHost::open_nodes() {
    nodes_.emplace(
        loop_, *keeper_, plane_,
        [this](const std::string& key, const std::optional<std::string>& value) { persist(key, value); },
        [this](std::string_view text) { log(text); });
    nodes_->restore(heritage_.state, heritage_.inventory.kept);
}

void UvHost::add_node(Child& child, const core::LaunchSpec& spec, UniqueFd socket) {
    if (!socket || !nodes_->has(spec.pool)) return;
    child.is_worker = child.is_node = true;
    child.stops_by_message = spec.stops_by_message;
    // As the process before it: not every one of an app need listen.
    const bool must_listen =
        spec.node_ready == core::NodeReady::Listening && nodes_->has_listening_twin(worker_of(child.key));
    child.node_ready = spec.node_ready == core::NodeReady::Message ? spec.node_ready
                       : must_listen                               ? core::NodeReady::Listening
                                                                   : core::NodeReady::Online;
    nodes_->add_worker(spec.pool, worker_of(child.key), spec.instance_index, std::move(socket),
                       spec.tells_connections);
    // One of an earlier daemon, which may have heard that it listens and died before it was recorded.
    if (child.node_ready != core::NodeReady::Message && nodes_->has_socket(worker_of(child.key)))
        callbacks_.post(child.key, core::Ready{});
}

Result<void> UvHost::open_pool(const core::PoolSpec& pool) {
    if (pool.kind != core::PoolSpec::Kind::Node) return pools_->open(pool);
    return nodes_->open(pool);
}

void UvHost::close_pool(const std::string& name, core::PoolSpec::Kind kind) {
    if (kind == core::PoolSpec::Kind::Node)
        nodes_->close(name);
    else
        pools_->close(name);
}

void UvHost::turn_away(const std::string& name, core::PoolSpec::Kind kind) {
    const std::vector<int> sockets =
        kind == core::PoolSpec::Kind::Node ? nodes_->sockets_of(name) : pools_->sockets_of(name);
    for (const int socket : sockets) turn_away_new(socket);
}

void UvHost::drain(const core::AppKey& key) {
    Child* child = find(key);
    if (child) child->is_draining = true;
    if (child && child->is_worker && child->is_node && child->stops_by_message) {
        // Disconnected it would not hear the message.
        plane_.drain_node_quietly(worker_of(key));
        callbacks_.post(key, core::Drained{});
    } else if (child && child->is_worker && child->is_node)
        nodes_->drain(worker_of(key));
    else if (child && child->is_worker)
        plane_.drain(worker_of(key));
    else
        callbacks_.post(key, core::Drained{});
}

void UvHost::worker_stats(std::function<void(std::vector<core::WorkerFigures>)> answer) {
    plane_.request_stats([sender = answers_.sender(), answer = std::move(answer)](PlaneStats stats) {
        sender.push([answer, stats = std::move(stats)] {
            std::vector<core::WorkerFigures> figures;
            figures.reserve(stats.workers.size());
            for (const WorkerStats& worker : stats.workers)
                figures.push_back({.key = key_of(worker.worker),
                                   .serving = worker.serving,
                                   .draining = worker.draining,
                                   .connections = {.handed = worker.handed,
                                                   .accepted = worker.accepted,
                                                   .active = worker.open,
                                                   .rescued = worker.rescued,
                                                   .refused = worker.refused},
                                   .load = worker.load});
            answer(std::move(figures));
        });
    });
}

void UvHost::on_worker_gone(const WorkerGone& gone) {
    // A worker that has left while it drained is done.
    callbacks_.post(key_of(gone.worker), core::Drained{});
    Child* child = find(gone.worker.incarnation);
    if (!child) return;
    child->is_worker = false;
    if (child->is_node) {
        nodes_->remove_worker(gone.worker);
        if (const auto end = std::exchange(child->unheard_end, std::nullopt)) return tell_exit(*child, *end);
    }
    // A process that exits closes its channel a moment before: its end shall be its own. Node exits by itself
    // when its channel ends, in most cases at once.
    child->farewell = std::make_unique<Timer>(
        loop_, [this, gone] { end_without_channel(gone.worker.incarnation, gone.reason); });
    child->farewell->start(kFarewell);
}

// Nobody told it to go, and it could never get a connection again.
void UvHost::end_without_channel(std::uint64_t incarnation, const std::string& reason) {
    const Child* child = find(incarnation);
    if (!child || child->is_draining || child->tree || !signal_root(child->key, SIGTERM)) return;
    log(fmt::format("process {} has lost its channel and is ended: {}", child->pid, reason));
    if (callbacks_.channel_lost) callbacks_.channel_lost(child->key, reason);
}

void UvHost::on_node_said(const NodeSaid& said) {
    Child* const child = find(said.worker.incarnation);
    if (!child) return;
    if (const auto* message = std::get_if<core::node::AppSaid>(&said.what))
        return callbacks_.message(child->key, message->message);
    if (const auto* line = std::get_if<core::node::AppLine>(&said.what)) {
        Json message = parse_json(line->text);
        if (!message.is_discarded()) callbacks_.message(child->key, std::move(message));
        return;
    }
    const bool is_up = std::holds_alternative<core::node::Online>(said.what);
    const bool listens = std::holds_alternative<core::node::Listening>(said.what);
    if ((is_up && child->node_ready == core::NodeReady::Online) ||
        (listens && child->node_ready != core::NodeReady::Message))
        callbacks_.post(child->key, core::Ready{});
    nodes_->hear(said.worker, said.what);
}

}  // namespace kpm::io

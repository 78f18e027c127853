#include "daemon/io/node_apps.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "daemon/io/file_access.h"
#include "daemon/io/listener.h"
#include "daemon/io/node_socket.h"
#include "daemon/io/probe_connection.h"
#include "daemon/io/turn_away.h"

namespace kpm::io {
namespace {

namespace node = core::node;
using core::NodeSockets;

// A worker that has come up opens its servers one after the other; what none has asked for by then is closed.
constexpr std::chrono::seconds kSettle{5};

int errno_of(NodeSockets::Refusal refusal) {
    switch (refusal) {
        case NodeSockets::Refusal::InUse:
            return EADDRINUSE;
        case NodeSockets::Refusal::NoSuchKind:
            return EINVAL;
        case NodeSockets::Refusal::TooMany:
            return EMFILE;
        case NodeSockets::Refusal::TooMuchData:
            return EMSGSIZE;
    }
    return EINVAL;
}

// The slot's, or the one for all.
const UniqueFd& socket_for(const std::map<int, UniqueFd>& sockets, int slot) {
    const auto it = sockets.find(slot);
    return it == sockets.end() ? sockets.begin()->second : it->second;
}

bool is_udp(const NodeSockets::Socket& socket) {
    return socket.query.kind == node::ListenQuery::Kind::Udp;
}

PoolOptions options_of(std::string_view balance, int max_connections) {
    PoolOptions options;
    options.policy = balance == "sticky"              ? core::BalancePolicy::Sticky
                     : balance == "least_connections" ? core::BalancePolicy::LeastConnections
                                                      : core::BalancePolicy::FewestUnanswered;
    if (max_connections > 0) options.max_connections = static_cast<std::uint64_t>(max_connections);
    return options;
}

}  // namespace

NodeApps::NodeApps(Loop& loop, KeeperLink& keeper, DataPlane& plane, Persist persist, Log log)
    : keeper_(keeper),
      plane_(plane),
      persist_(std::move(persist)),
      log_(std::move(log)),
      settle_(loop, [this] { close_abandoned(); }) {}

Result<std::optional<Identity>> NodeApps::identity_of(const std::string& user, const std::string& group) {
    if (user.empty() && group.empty()) return std::optional<Identity>{};
    auto identity = look_up_user(user.empty() ? std::to_string(::geteuid()) : user, group);
    if (!identity) return identity.error();
    return std::optional(std::move(*identity));
}

void NodeApps::add_pool(const App& app) {
    plane_.add_node_pool(app.pool, options_of(app.balance, app.max_connections));
}

Result<void> NodeApps::open(const core::PoolSpec& spec) {
    auto identity = identity_of(spec.user, spec.group);
    if (!identity) return identity.error();
    const bool is_new = !has(spec.name);
    App& app = apps_[spec.name];
    app.user = spec.user;
    app.group = spec.group;
    app.identity = std::move(*identity);
    if (is_new) {
        app.pool = next_id_++;
        app.balance = spec.balance;
        app.max_connections = spec.max_connections;
        add_pool(app);
    }
    for (const int socket : sockets_of(spec.name)) let_in_new(socket);
    record(spec.name, app);
    return {};
}

std::vector<int> NodeApps::sockets_of(const std::string& name) const {
    std::vector<int> sockets;
    const auto app = apps_.find(name);
    if (app == apps_.end()) return sockets;
    for (const auto& [key, open] : app->second.open)
        for (const auto& [slot, socket] : open.sockets) sockets.push_back(socket.get());
    return sockets;
}

void NodeApps::close(const std::string& name) {
    const auto it = apps_.find(name);
    if (it == apps_.end()) return;
    for (const std::string& key : it->second.table.keys()) close_socket(it->second, key);
    plane_.remove_pool(it->second.pool);
    std::erase_if(homes_, [&](const auto& home) { return home.second.app == name; });
    erase_record(name);
    apps_.erase(it);
}

bool NodeApps::has_listening_twin(const WorkerId& worker) const {
    return std::ranges::any_of(homes_, [&](const auto& home) {
        const WorkerId& other = home.first;
        return other.pm_id == worker.pm_id && other != worker && has_socket(other);
    });
}

bool NodeApps::has_socket(const WorkerId& worker) const {
    const auto home = homes_.find(worker);
    return home != homes_.end() && apps_.at(home->second.app).table.is_listening(worker.incarnation);
}

void NodeApps::add_worker(const std::string& name, const WorkerId& worker, int slot, UniqueFd channel,
                          bool counts) {
    App& app = apps_.at(name);
    homes_[worker] = {name, slot};
    app.table.add_worker(worker.incarnation);
    plane_.add_node_worker(app.pool, worker, slot, std::move(channel), app.table.keys_of(worker.incarnation),
                           counts);
    if (app.table.is_leaving(worker.incarnation)) return plane_.drain_node_quietly(worker);
    answer_again(app, homes_.at(worker), worker);
}

// What an earlier daemon has recorded and perhaps died before it was sent.
void NodeApps::answer_again(App& app, const Home& home, const WorkerId& worker) {
    for (const auto& [key, question] : app.table.unheard_of(worker.incarnation)) {
        const NodeSockets::Socket* const socket = app.table.find(key);
        if (!app.open.contains(key)) continue;
        if (auto answer = answer_of(app, home, *socket, question))
            plane_.answer_node(worker, std::move(*answer));
    }
}

std::optional<NodeAnswer> NodeApps::answer_of(const App& app, const Home& home,
                                              const NodeSockets::Socket& socket,
                                              std::uint64_t question) const {
    const Open& open = app.open.at(socket.key);
    const UniqueFd& opened = socket_for(open.sockets, home.slot);
    NodeAnswer answer;
    answer.what.question = question;
    answer.what.key = socket.key;
    answer.what.data = socket.query.data;
    answer.what.name = socket_name(opened.get());
    answer.is_udp = is_udp(socket);
    if (open.way != Way::Accept && !(answer.handle = copy_of(opened))) return std::nullopt;
    return answer;
}

NodeApps::App* NodeApps::home_of(const WorkerId& worker) {
    const auto home = homes_.find(worker);
    return home == homes_.end() ? nullptr : &apps_.at(home->second.app);
}

void NodeApps::drain(const WorkerId& worker) {
    App* const app = home_of(worker);
    if (!app || app->table.is_leaving(worker.incarnation)) return;
    // Recorded first: told twice, it would drop its connections.
    const std::string& name = homes_.at(worker).app;
    app->table.set_leaving(worker.incarnation);
    record(name, *app);
    give_turns(name, *app);
    plane_.drain(worker);
}

void NodeApps::leave(const WorkerId& worker) {
    App* const app = home_of(worker);
    if (!app || app->table.is_leaving(worker.incarnation)) return;
    const std::string& name = homes_.at(worker).app;
    app->table.set_leaving(worker.incarnation);
    record(name, *app);
    give_turns(name, *app);
    plane_.drain_node_quietly(worker);
}

void NodeApps::remove_worker(const WorkerId& worker) {
    App* const app = home_of(worker);
    if (!app) return;
    app->table.remove_worker(worker.incarnation);
    const std::string name = std::move(homes_.extract(worker).mapped().app);
    record(name, *app);
    give_turns(name, *app);
    settle();
}

std::optional<std::string> NodeApps::key_at(const WorkerId& worker,
                                            const ecosystem::ProbeAddress& address) const {
    const auto home = homes_.find(worker);
    if (home == homes_.end()) return std::nullopt;
    for (const auto& [key, open] : apps_.at(home->second.app).open)
        if (is_reached_at(open.sockets.begin()->second.get(), address)) return key;
    return std::nullopt;
}

void NodeApps::hear(const WorkerId& worker, const node::Message& message) {
    App* const app = home_of(worker);
    if (!app) return;
    const Home& home = homes_.at(worker);
    if (const auto* asked = std::get_if<node::ListenAsked>(&message)) {
        if (!app->table.is_leaving(worker.incarnation)) answer(*app, home, worker, *asked);
    } else if (const auto* closed = std::get_if<node::ListenClosed>(&message)) {
        if (app->table.leave(worker.incarnation, closed->key)) close_socket(*app, closed->key);
        settle();
    } else if (std::holds_alternative<node::Leaving>(message)) {
        app->table.set_leaving(worker.incarnation);
    } else if (!std::holds_alternative<node::Listening>(message) ||
               !app->table.hear_listening(worker.incarnation)) {
        return;
    }
    record(home.app, *app);
    give_turns(home.app, *app);
}

void NodeApps::answer(App& app, const Home& home, const WorkerId& worker, const node::ListenAsked& asked) {
    NodeAnswer answer;
    answer.what.question = asked.seq;
    const auto found = app.table.ask(worker.incarnation, asked.query);
    if (const auto* refusal = std::get_if<NodeSockets::Refusal>(&found)) {
        answer.what.error_number = errno_of(*refusal);
        return plane_.answer_node(worker, std::move(answer));
    }
    const NodeSockets::Socket& socket = *std::get<NodeSockets::Socket*>(found);
    answer.what.key = socket.key;
    auto made = make(app, home.slot, socket, answer.what.error_number);
    if (made) {
        if (auto complete = answer_of(app, home, socket, asked.seq)) {
            answer = std::move(*complete);
        } else {
            answer.what.error_number = errno;
            made =
                os_error("listen on", fmt::format("{}:{}", socket.query.address, socket.query.port), errno);
        }
    }
    if (made) {
        app.table.join(worker.incarnation, socket.key, asked.seq);
        settle();
    } else {
        log_(fmt::format("App [{}:{}]: {}", home.app, worker.pm_id, made.error().message));
        if (!app.open.contains(socket.key)) app.table.forget(socket.key);
    }
    record(home.app, app);
    give_turns(home.app, app);
    plane_.answer_node(worker, std::move(answer));
}

NodeApps::Way NodeApps::way_of(const App& app, const NodeSockets::Socket& socket) const {
    if (is_udp(socket) || app.balance == "shared") return Way::Shared;
    const bool is_tcp = socket.query.kind == node::ListenQuery::Kind::Tcp;
    return is_tcp && app.balance == "hybrid" ? Way::Slots : Way::Accept;
}

// The socket, or the slot's, unless it is there: open, kept by the keeper, known to the data plane.
Result<void> NodeApps::make(App& app, int slot, const NodeSockets::Socket& socket, int& error_number) {
    const auto known = app.open.find(socket.key);
    const bool is_first = known == app.open.end();
    const Way way = is_first ? way_of(app, socket) : known->second.way;
    if (way != Way::Slots) slot = 0;
    if (!is_first && known->second.sockets.contains(slot)) return {};
    node::ListenQuery query = socket.query;
    if (!is_first)  // port 0 has become a number
        if (const auto name = socket_name(known->second.sockets.begin()->second.get()))
            query.port = name->port;
    const FileAccess as_the_app(app.identity);
    auto made = way == Way::Slots ? open_slot_socket(query, is_first, error_number)
                                  : open_node_socket(query, error_number);
    // It may be the keeper's copy of the one before that holds the port, and is about to be closed.
    if (!made && error_number == EADDRINUSE && is_udp(socket) && app.left_ports.erase(query.port) > 0) {
        error_number = 0;
        made = open_datagram_again(query, error_number);
    }
    if (!made) return made.error();
    const std::uint64_t owner = is_first ? next_id_++ : known->second.owner;
    if (const auto kept = keeper_.store(owner, slot, made->get()); !kept) {
        error_number = EMFILE;
        if (is_first) remove_socket_file(made->get());
        return kept;
    }
    Open& open = app.open[socket.key];
    open.owner = owner;
    open.way = way;
    open.sockets[slot] = std::move(*made);
    if (way == Way::Slots) open.turns.add(slot);
    show(app, socket.key, open, slot);
    return {};
}

// The data plane gets a copy of what it has to watch.
void NodeApps::show(const App& app, const std::string& key, const Open& open, int slot) {
    if (open.way == Way::Accept) plane_.add_node_socket(app.pool, key, copy_of(open.sockets.at(slot)));
    if (open.way == Way::Slots) plane_.add_node_slot(app.pool, key, slot, copy_of(open.sockets.at(slot)));
}

// The kernel passes over the slots of workers that have left, or died, or are not there yet.
void NodeApps::give_turns(const std::string& name, App& app) {
    for (auto& [key, open] : app.open) {
        if (open.way != Way::Slots) continue;
        const NodeSockets::Socket* const socket = app.table.find(key);
        SlotTurns::Slots serving;
        for (const auto& [worker, home] : homes_)
            if (home.app == name && socket && socket->users.contains(worker.incarnation) &&
                !app.table.is_leaving(worker.incarnation))
                serving.insert(home.slot);
        open.turns.give(open.sockets.begin()->second.get(), serving);
    }
}

void NodeApps::close_socket(App& app, const std::string& key) {
    const auto it = app.open.find(key);
    if (it == app.open.end()) return;
    plane_.remove_node_socket(app.pool, key);
    keeper_.drop(it->second.owner);
    const FileAccess as_the_app(app.identity);
    for (const auto& [slot, socket] : it->second.sockets) {
        end_listening(socket.get());
        if (const auto port = leave_datagram_port(socket.get())) app.left_ports.insert(*port);
    }
    app.open.erase(it);
}

void NodeApps::settle() {
    settle_.start(kSettle);
}

void NodeApps::close_abandoned() {
    for (auto& [name, app] : apps_) {
        app.left_ports.clear();
        const auto abandoned = app.table.take_abandoned();
        if (abandoned.empty()) continue;
        for (const std::string& key : abandoned) close_socket(app, key);
        record(name, app);
    }
}

}  // namespace kpm::io

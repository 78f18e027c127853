#include "daemon/core/node_sockets.h"

#include <algorithm>

namespace kpm::core {
namespace {

Json from_query(const node::ListenQuery& query) {
    return {{"kind", static_cast<int>(query.kind)},
            {"address", query.address},
            {"port", query.port},
            {"ipv6", query.is_ipv6},
            {"only_ipv6", query.only_ipv6},
            {"index", query.index},
            {"backlog", query.backlog},
            {"data", query.data}};
}

node::ListenQuery to_query(const Json& json) {
    node::ListenQuery query;
    const int kind = json.value("kind", 0);
    query.kind = kind == 1   ? node::ListenQuery::Kind::Unix
                 : kind == 2 ? node::ListenQuery::Kind::Udp
                             : node::ListenQuery::Kind::Tcp;
    query.address = json.value("address", "");
    query.port = json.value("port", 0);
    query.is_ipv6 = json.value("ipv6", false);
    query.only_ipv6 = json.value("only_ipv6", false);
    query.index = json.value("index", 0);
    query.backlog = json.value("backlog", node::kDefaultBacklog);
    if (json.contains("data")) query.data = json["data"];
    return query;
}

Json from_questions(const std::map<std::uint64_t, std::uint64_t>& questions) {
    Json json = Json::array();
    for (const auto& [worker, question] : questions) json.push_back({worker, question});
    return json;
}

std::map<std::uint64_t, std::uint64_t> to_questions(const Json& json) {
    std::map<std::uint64_t, std::uint64_t> questions;
    for (const Json& one : json) questions[one.at(0).get<std::uint64_t>()] = one.at(1).get<std::uint64_t>();
    return questions;
}

}  // namespace

void NodeSockets::set_leaving(std::uint64_t worker) {
    if (const auto it = workers_.find(worker); it != workers_.end()) it->second.is_leaving = true;
}

bool NodeSockets::is_leaving(std::uint64_t worker) const {
    const auto it = workers_.find(worker);
    return it != workers_.end() && it->second.is_leaving;
}

void NodeSockets::remove_worker(std::uint64_t worker) {
    workers_.erase(worker);
    for (auto& [key, socket] : sockets_) {
        socket.users.erase(worker);
        socket.unheard.erase(worker);
    }
}

std::variant<NodeSockets::Socket*, NodeSockets::Refusal> NodeSockets::ask(std::uint64_t worker,
                                                                          const node::ListenQuery& query) {
    if (query.fd) return Refusal::NoSuchKind;
    if (!query.data.is_null() &&
        query.data.dump(-1, ' ', false, Json::error_handler_t::replace).size() > kMaxData)
        return Refusal::TooMuchData;
    const std::string wanted = socket_key(query);
    const auto found = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& entry) {
        return socket_key(entry.second.query) == wanted;
    });
    if (found != sockets_.end()) {
        Socket& socket = found->second;
        if (socket.users.contains(worker)) return Refusal::InUse;
        if (socket.query.data.is_null()) socket.query.data = query.data;
        return &socket;
    }
    if (sockets_.size() >= kMaxSockets) return Refusal::TooMany;
    const std::uint64_t number = next_number_++;
    Socket& made = sockets_["s" + std::to_string(number)];
    made.key = "s" + std::to_string(number);
    made.number = number;
    made.query = query;
    return &made;
}

void NodeSockets::join(std::uint64_t worker, const std::string& key, std::uint64_t question) {
    const auto it = sockets_.find(key);
    if (it == sockets_.end()) return;
    it->second.users.insert(worker);
    it->second.unheard[worker] = question;
}

bool NodeSockets::hear_listening(std::uint64_t worker) {
    std::size_t heard = 0;
    for (auto& [key, socket] : sockets_) heard += socket.unheard.erase(worker);
    return heard > 0;
}

std::map<std::string, std::uint64_t> NodeSockets::unheard_of(std::uint64_t worker) const {
    std::map<std::string, std::uint64_t> unheard;
    for (const auto& [key, socket] : sockets_)
        if (const auto it = socket.unheard.find(worker); it != socket.unheard.end())
            unheard[key] = it->second;
    return unheard;
}

bool NodeSockets::leave(std::uint64_t worker, const std::string& key) {
    const auto it = sockets_.find(key);
    if (it == sockets_.end() || it->second.users.erase(worker) == 0) return false;
    it->second.unheard.erase(worker);
    // A worker that is being replaced closes all it has: its successor may be on its way.
    if (!it->second.users.empty() || is_leaving(worker)) return false;
    sockets_.erase(it);
    return true;
}

const NodeSockets::Socket* NodeSockets::find(const std::string& key) const {
    const auto it = sockets_.find(key);
    return it == sockets_.end() ? nullptr : &it->second;
}

bool NodeSockets::is_listening(std::uint64_t worker) const {
    return std::any_of(sockets_.begin(), sockets_.end(),
                       [&](const auto& entry) { return entry.second.users.contains(worker); });
}

std::vector<std::string> NodeSockets::keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, socket] : sockets_) keys.push_back(key);
    return keys;
}

std::vector<std::string> NodeSockets::keys_of(std::uint64_t worker) const {
    std::vector<std::string> keys;
    for (const auto& [key, socket] : sockets_)
        if (socket.users.contains(worker)) keys.push_back(key);
    return keys;
}

std::vector<std::uint64_t> NodeSockets::workers() const {
    std::vector<std::uint64_t> workers;
    for (const auto& [worker, life] : workers_) workers.push_back(worker);
    return workers;
}

std::vector<std::string> NodeSockets::take_abandoned() {
    bool somebody_stays = false;
    for (const auto& [worker, life] : workers_) {
        if (life.is_leaving) continue;
        if (!is_listening(worker)) return {};  // it may still ask for one of them
        somebody_stays = true;
    }
    std::vector<std::string> abandoned;
    if (!somebody_stays) return abandoned;
    for (auto it = sockets_.begin(); it != sockets_.end();) {
        if (!it->second.users.empty()) {
            ++it;
            continue;
        }
        abandoned.push_back(it->first);
        it = sockets_.erase(it);
    }
    return abandoned;
}

Json NodeSockets::state() const {
    Json json{{"next", next_number_}, {"sockets", Json::array()}, {"leaving", Json::array()}};
    for (const auto& [key, socket] : sockets_)
        json["sockets"].push_back({{"number", socket.number},
                                   {"query", from_query(socket.query)},
                                   {"users", socket.users},
                                   {"unheard", from_questions(socket.unheard)}});
    for (const auto& [worker, life] : workers_)
        if (life.is_leaving) json["leaving"].push_back(worker);
    return json;
}

NodeSockets NodeSockets::from_state(const Json& state) {
    NodeSockets made;
    made.next_number_ = state.value("next", std::uint64_t{1});
    for (const Json& one : state.at("sockets")) {
        Socket socket;
        socket.number = one.at("number").get<std::uint64_t>();
        socket.key = "s" + std::to_string(socket.number);
        socket.query = to_query(one.at("query"));
        for (const Json& user : one.at("users")) socket.users.insert(user.get<std::uint64_t>());
        for (const std::uint64_t user : socket.users) made.add_worker(user);
        if (one.contains("unheard")) socket.unheard = to_questions(one["unheard"]);
        made.sockets_[socket.key] = std::move(socket);
    }
    for (const Json& worker : state.at("leaving")) {
        made.add_worker(worker.get<std::uint64_t>());
        made.set_leaving(worker.get<std::uint64_t>());
    }
    return made;
}

}  // namespace kpm::core

// What the next daemon has to know of the sockets.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/io/node_apps.h"

namespace kpm::io {
namespace {

using core::NodeSockets;

constexpr std::string_view kKeyPrefix = "node/";
const Identity kNobody{.uid = 65534, .gid = 65534, .groups = {}, .name = {}, .home = {}};

// One that came to listen last may be missing: it is kept before it is recorded.
SlotTurns turns_of(std::vector<int> order, const std::map<int, UniqueFd>& sockets) {
    SlotTurns turns(std::move(order));
    SlotTurns::Slots open;
    for (const auto& [slot, socket] : sockets) open.insert(slot);
    turns.keep_only(open);
    for (const int slot : open) turns.add(slot);
    return turns;
}

}  // namespace

void NodeApps::record(const std::string& name, const App& app) {
    Json opened = Json::object();
    for (const auto& [key, open] : app.open)
        opened[key] = {
            {"owner", open.owner}, {"way", static_cast<int>(open.way)}, {"order", open.turns.order()}};
    persist_(std::string(kKeyPrefix) + name, Json{{"pool", app.pool},
                                                  {"balance", app.balance},
                                                  {"max_connections", app.max_connections},
                                                  {"user", app.user},
                                                  {"group", app.group},
                                                  {"table", app.table.state()},
                                                  {"open", std::move(opened)}}
                                                 .dump(-1, ' ', false, Json::error_handler_t::replace));
}

void NodeApps::erase_record(const std::string& name) {
    persist_(std::string(kKeyPrefix) + name, std::nullopt);
}

void NodeApps::restore(const std::map<std::string, std::string>& state, std::vector<KeptFd>& kept) {
    for (const auto& [key, text] : state) {
        if (!key.starts_with(kKeyPrefix)) continue;
        const Json value = parse_json(text);
        const std::string name = key.substr(kKeyPrefix.size());
        App app;
        try {
            app.pool = value.at("pool").get<PoolId>();
            app.table = NodeSockets::from_state(value.at("table"));
            app.balance = value.at("balance").get<std::string>();
            app.max_connections = value.value("max_connections", 0);
            app.user = value.value("user", "");
            app.group = value.value("group", "");
            auto identity = identity_of(app.user, app.group);
            if (!identity) log_(identity.error().message + ": its sockets are made as nobody");
            app.identity = identity ? std::move(*identity) : std::optional(kNobody);
            for (const auto& [socket, one] : value.at("open").items()) {
                Open open;
                open.owner = one.at("owner").get<std::uint64_t>();
                open.way = static_cast<Way>(std::clamp(one.at("way").get<int>(), 0, 2));
                for (KeptFd& fd : kept)
                    if (fd.owner == open.owner && fd.fd)
                        open.sockets[static_cast<int>(fd.slot)] = std::move(fd.fd);
                open.turns = turns_of(one.value("order", std::vector<int>{}), open.sockets);
                next_id_ = std::max(next_id_, open.owner + 1);
                if (!open.sockets.empty()) app.open[socket] = std::move(open);
            }
        } catch (const std::exception& error) {
            log_(fmt::format("cannot restore 'sockets of {}': {}", name, error.what()));
            continue;
        }
        next_id_ = std::max(next_id_, app.pool + 1);
        // Recorded, but the daemon died before it was kept: made anew for the next who asks.
        for (const std::string& socket : app.table.keys())
            if (!app.open.contains(socket)) app.table.forget(socket);
        add_pool(app);
        for (const auto& [socket, open] : app.open)
            for (const auto& [slot, listener] : open.sockets) show(app, socket, open, slot);
        apps_[name] = std::move(app);
    }
    std::erase_if(kept, [](const KeptFd& one) { return !one.fd; });
}

void NodeApps::forget_unclaimed() {
    for (auto& [name, app] : apps_) {
        for (const std::uint64_t worker : app.table.workers())
            if (std::none_of(homes_.begin(), homes_.end(),
                             [&](const auto& home) { return home.first.incarnation == worker; }))
                app.table.remove_worker(worker);
        record(name, app);
        give_turns(name, app);
    }
    if (!apps_.empty()) settle();
}

}  // namespace kpm::io

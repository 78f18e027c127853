#include "daemon/io/listener_pools.h"

#include <unistd.h>

#include <algorithm>

#include "daemon/io/listener.h"

namespace kpm::io {
namespace {

constexpr std::string_view kKeyPrefix = "pool/";

PoolOptions options_of(const std::string& balance, int max_connections) {
    PoolOptions options;
    options.policy =
        balance == "round_robin" ? core::BalancePolicy::RoundRobin : core::BalancePolicy::LeastConnections;
    if (max_connections > 0) options.max_connections = static_cast<std::uint64_t>(max_connections);
    return options;
}

}  // namespace

std::optional<PoolId> ListenerPools::find(const std::string& name) const {
    const auto it = pools_.find(name);
    return it == pools_.end() ? std::nullopt : std::optional(it->second.id);
}

Result<void> ListenerPools::open(const core::PoolSpec& spec) {
    if (const auto it = pools_.find(spec.name); it != pools_.end()) {
        if (it->second.listen == spec.listen) return {};
        close(spec.name);  // the addresses have changed: the workers that come now listen on the new ones
    }
    std::vector<UniqueFd> listeners;
    for (const std::string& text : spec.listen) {
        const auto address = core::parse_listen_address(text);
        if (!address) return address.error();
        auto listener = open_listener(*address);
        if (!listener) return listener.error();
        listeners.push_back(std::move(*listener));
    }
    const Pool pool{next_id_++, spec.listen};
    for (std::size_t i = 0; i < listeners.size(); ++i)
        if (const auto kept = keeper_.store(pool.id, static_cast<std::int64_t>(i), listeners[i].get());
            !kept) {
            keeper_.drop(pool.id);
            return kept.error();
        }
    persist_(std::string(kKeyPrefix) + spec.name, Json{{"id", pool.id},
                                                       {"listen", spec.listen},
                                                       {"balance", spec.balance},
                                                       {"max_connections", spec.max_connections}}
                                                      .dump());
    add(spec.name, pool, std::move(listeners), options_of(spec.balance, spec.max_connections));
    return {};
}

void ListenerPools::add(const std::string& name, Pool pool, std::vector<UniqueFd> listeners,
                        const PoolOptions& options) {
    plane_.add_pool(pool.id, std::move(listeners), options);
    pools_.insert_or_assign(name, std::move(pool));
}

void ListenerPools::close(const std::string& name) {
    const auto it = pools_.find(name);
    if (it == pools_.end()) return;
    plane_.remove_pool(it->second.id);
    keeper_.drop(it->second.id);
    for (const std::string& text : it->second.listen)
        if (const auto address = core::parse_listen_address(text);
            address && address->kind == core::ListenAddress::Kind::Unix)
            ::unlink(address->path.c_str());
    persist_(std::string(kKeyPrefix) + name, std::nullopt);
    pools_.erase(it);
}

void ListenerPools::restore(const std::map<std::string, std::string>& state,
                            std::vector<KeptFd>& kept) {
    for (const auto& [key, text] : state) {
        if (!key.starts_with(kKeyPrefix)) continue;
        const Json value = parse_json(text);
        if (!value.is_object()) continue;
        Pool pool{value.value("id", PoolId{0}), value.value("listen", std::vector<std::string>{})};
        next_id_ = std::max(next_id_, pool.id + 1);
        std::vector<UniqueFd> listeners(pool.listen.size());
        for (KeptFd& one : kept)
            if (one.owner == pool.id && one.slot >= 0 &&
                static_cast<std::size_t>(one.slot) < listeners.size())
                listeners[static_cast<std::size_t>(one.slot)] = std::move(one.fd);
        // Recorded, but the daemon died before all of its sockets were kept: opened anew when the app starts.
        if (std::ranges::any_of(listeners, [](const UniqueFd& fd) { return !fd; })) {
            keeper_.drop(pool.id);
            persist_(key, std::nullopt);
            continue;
        }
        add(key.substr(kKeyPrefix.size()), pool, std::move(listeners),
            options_of(value.value("balance", ""), value.value("max_connections", 0)));
    }
    std::erase_if(kept, [](const KeptFd& one) { return !one.fd; });
}

}  // namespace kpm::io

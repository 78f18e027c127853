#include "daemon/io/listener_pools.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/io/listener.h"

namespace kpm::io {
namespace {

using Kind = core::PoolSpec::Kind;

constexpr std::string_view kKeyPrefix = "pool/";

// As systemd hands sockets over: programs that know nothing of it wait in accept().
void set_blocking(int socket) {
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
}

PoolOptions options_of(const std::string& balance, int max_connections) {
    PoolOptions options;
    if (balance == "round_robin") options.policy = core::BalancePolicy::RoundRobin;
    if (balance == "sticky") options.policy = core::BalancePolicy::Sticky;
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
        if (it->second.listen == spec.listen && it->second.kind == spec.kind) return {};
        close(spec.name);  // the addresses have changed: the workers that come now listen on the new ones
    }
    std::vector<UniqueFd> listeners;
    for (const std::string& text : spec.listen) {
        const auto address = core::parse_listen_address(text);
        if (!address) return address.error();
        auto listener = open_listener(*address);
        if (!listener) return listener.error();
        if (spec.kind == Kind::Activation) set_blocking(listener->get());
        listeners.push_back(std::move(*listener));
    }
    Pool pool{next_id_++, spec.listen, spec.kind, {}};
    for (std::size_t i = 0; i < listeners.size(); ++i)
        if (const auto kept = keeper_.store(pool.id, static_cast<std::int64_t>(i), listeners[i].get());
            !kept) {
            keeper_.drop(pool.id);
            return kept.error();
        }
    persist_(std::string(kKeyPrefix) + spec.name, Json{{"id", pool.id},
                                                       {"listen", spec.listen},
                                                       {"activation", spec.kind == Kind::Activation},
                                                       {"balance", spec.balance},
                                                       {"max_connections", spec.max_connections}}
                                                      .dump());
    add(spec.name, std::move(pool), std::move(listeners), options_of(spec.balance, spec.max_connections));
    return {};
}

void ListenerPools::add(const std::string& name, Pool pool, std::vector<UniqueFd> listeners,
                        const PoolOptions& options) {
    if (pool.kind == Kind::Activation)
        pool.inherited = std::move(listeners);
    else
        plane_.add_pool(pool.id, std::move(listeners), options);
    pools_.insert_or_assign(name, std::move(pool));
}

std::vector<int> ListenerPools::sockets(const std::string& name) const {
    std::vector<int> sockets;
    if (const auto it = pools_.find(name); it != pools_.end())
        for (const UniqueFd& socket : it->second.inherited) sockets.push_back(socket.get());
    return sockets;
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

void ListenerPools::restore(const std::map<std::string, std::string>& state, std::vector<KeptFd>& kept) {
    for (const auto& [key, text] : state) {
        if (!key.starts_with(kKeyPrefix)) continue;
        const Json value = parse_json(text);
        if (!value.is_object()) continue;
        const bool is_activation = value.value("activation", false);
        Pool pool{value.value("id", PoolId{0}),
                  value.value("listen", std::vector<std::string>{}),
                  is_activation ? Kind::Activation : Kind::Channel,
                  {}};
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
        add(key.substr(kKeyPrefix.size()), std::move(pool), std::move(listeners),
            options_of(value.value("balance", ""), value.value("max_connections", 0)));
    }
    std::erase_if(kept, [](const KeptFd& one) { return !one.fd; });
}

}  // namespace kpm::io

#include "daemon/io/listener_pools.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <utility>

#include "daemon/io/listener.h"
#include "daemon/io/turn_away.h"

namespace kpm::io {
namespace {

using Kind = core::PoolSpec::Kind;

constexpr std::string_view kKeyPrefix = "pool/";

// As systemd hands sockets over: programs that know nothing of it wait in accept().
void set_blocking(int socket) {
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
}

PoolOptions options_of(const core::PoolSpec& spec) {
    PoolOptions options;
    if (spec.balance == "round_robin") options.policy = core::BalancePolicy::RoundRobin;
    if (spec.balance == "sticky") options.policy = core::BalancePolicy::Sticky;
    if (spec.max_connections > 0) options.max_connections = static_cast<std::uint64_t>(spec.max_connections);
    return options;
}

bool is_same(const core::PoolSpec& a, const core::PoolSpec& b) {
    return a.kind == b.kind && a.listen == b.listen && a.balance == b.balance &&
           a.max_connections == b.max_connections;
}

// What `before` has in common with `after`; nullopt: all of it.
std::optional<core::PoolSpec> rest_of(core::PoolSpec before, const core::PoolSpec& after) {
    const auto gone = std::erase_if(before.listen, [&](const std::string& text) {
        return std::ranges::find(after.listen, text) == after.listen.end();
    });
    return gone > 0 ? std::optional(std::move(before)) : std::nullopt;
}

Json json_of(const core::PoolSpec& spec) {
    return {{"listen", spec.listen},
            {"activation", spec.kind == Kind::Activation},
            {"balance", spec.balance},
            {"max_connections", spec.max_connections}};
}

core::PoolSpec spec_of(const Json& value, const std::string& name) {
    core::PoolSpec spec;
    spec.kind = value.value("activation", false) ? Kind::Activation : Kind::Channel;
    spec.name = name;
    spec.listen = value.value("listen", std::vector<std::string>{});
    spec.balance = value.value("balance", "");
    spec.max_connections = value.value("max_connections", 0);
    return spec;
}

// Takes the descriptors of one owner out of `kept`, each to its place.
std::vector<UniqueFd> take_kept(std::vector<KeptFd>& kept, std::uint64_t owner, std::size_t count) {
    std::vector<UniqueFd> taken(count);
    for (KeptFd& one : kept)
        if (one.owner == owner && one.slot >= 0 && static_cast<std::size_t>(one.slot) < count)
            taken[static_cast<std::size_t>(one.slot)] = std::move(one.fd);
    return taken;
}

void end_all(const std::vector<UniqueFd>& sockets) {
    for (const UniqueFd& socket : sockets)
        if (socket) end_listening(socket.get());
}

}  // namespace

std::optional<PoolId> ListenerPools::find(const std::string& name) const {
    const auto it = pools_.find(name);
    return it == pools_.end() ? std::nullopt : std::optional(it->second.id);
}

// What `before` has of it is copied.
Result<std::vector<UniqueFd>> ListenerPools::make_sockets(const core::PoolSpec& spec, const Pool* before,
                                                          int& error_number) const {
    std::vector<UniqueFd> sockets;
    std::vector<UniqueFd> opened;  // copies, to take them back
    std::set<std::size_t> used;
    const auto had = [&](const std::string& text) -> const UniqueFd* {
        for (std::size_t i = 0; before && i < before->sockets.size(); ++i)
            if (before->spec.listen[i] == text && before->sockets[i] && used.insert(i).second)
                return &before->sockets[i];
        return nullptr;
    };
    for (const std::string& text : spec.listen) {
        auto socket = [&]() -> Result<UniqueFd> {
            if (const UniqueFd* known = had(text)) {
                UniqueFd copy = copy_of(*known);
                if (!copy) return os_error("listen on", text, errno);
                return copy;
            }
            const auto address = core::parse_listen_address(text);
            if (!address) return address.error();
            auto made = open_listener(*address, {}, &error_number);
            if (made) opened.push_back(copy_of(*made));
            return made;
        }();
        if (!socket) {
            end_all(opened);
            return socket.error();
        }
        sockets.push_back(std::move(*socket));
    }
    return sockets;
}

Result<void> ListenerPools::open(const core::PoolSpec& spec) {
    const auto known = pools_.find(spec.name);
    Pool* const before = known == pools_.end() ? nullptr : &known->second;
    for (const int socket : sockets_of(spec.name)) let_in_new(socket);
    if (before && is_same(before->spec, spec)) return {};
    int error_number = 0;
    auto sockets = make_sockets(spec, before, error_number);
    if (!sockets && before && error_number == EADDRINUSE)
        if (auto rest = rest_of(before->spec, spec)) return open_after_closing(spec, std::move(*rest));
    if (!sockets) return sockets.error();
    const bool stays = before && before->spec.kind == spec.kind;
    Pool pool{stays ? before->id : next_id_++, next_id_++, spec, std::move(*sockets)};
    if (spec.kind == Kind::Activation)
        for (const UniqueFd& socket : pool.sockets) set_blocking(socket.get());
    // Recorded before they are kept: a daemon that dies in between leaves none that nobody knows.
    record(pool, before);
    if (const auto kept = keep(pool); !kept) {
        if (before)
            record(*before, nullptr);
        else
            persist_(std::string(kKeyPrefix) + spec.name, std::nullopt);
        return kept.error();
    }
    if (before) {
        if (!stays) plane_.remove_pool(before->id);
        keeper_.drop(before->owner);
        for (std::size_t i = 0; i < before->sockets.size(); ++i)
            if (std::ranges::find(spec.listen, before->spec.listen[i]) == spec.listen.end())
                end_listening(before->sockets[i].get());
        record(pool, nullptr);
    }
    show(pool, !stays);
    pools_.insert_or_assign(spec.name, std::move(pool));
    return {};
}

// The new addresses clash with those that it gives up for them: *:3000 and 127.0.0.1:3000. `rest`: without
// these.
Result<void> ListenerPools::open_after_closing(const core::PoolSpec& spec, core::PoolSpec rest) {
    const core::PoolSpec before = pools_.at(spec.name).spec;
    if (const auto closed = open(rest); !closed) return closed;
    auto opened = open(spec);
    if (opened) return opened;
    Error error = opened.error();
    if (const auto back = open(before); !back)
        error.message += "; and the old addresses are lost: " + back.error().message;
    return error;
}

Result<void> ListenerPools::keep(const Pool& pool) {
    for (std::size_t i = 0; i < pool.sockets.size(); ++i)
        if (const auto kept = keeper_.store(pool.owner, static_cast<std::int64_t>(i), pool.sockets[i].get());
            !kept) {
            keeper_.drop(pool.owner);
            return kept;
        }
    return {};
}

void ListenerPools::record(const Pool& pool, const Pool* before) {
    Json value = json_of(pool.spec);
    value["id"] = pool.id;
    value["owner"] = pool.owner;
    if (before) value["before"] = {{"owner", before->owner}, {"listen", before->spec.listen}};
    persist_(std::string(kKeyPrefix) + pool.spec.name, value.dump());
}

void ListenerPools::show(const Pool& pool, bool is_new) {
    if (pool.spec.kind == Kind::Activation) return;
    std::vector<UniqueFd> copies;
    for (const UniqueFd& socket : pool.sockets) copies.push_back(copy_of(socket));
    if (is_new)
        plane_.add_pool(pool.id, std::move(copies), options_of(pool.spec));
    else
        plane_.change_pool(pool.id, std::move(copies), options_of(pool.spec));
}

std::vector<int> ListenerPools::sockets(const std::string& name) const {
    const auto it = pools_.find(name);
    const bool is_inherited = it != pools_.end() && it->second.spec.kind == Kind::Activation;
    return is_inherited ? sockets_of(name) : std::vector<int>();
}

std::vector<int> ListenerPools::sockets_of(const std::string& name) const {
    std::vector<int> sockets;
    if (const auto it = pools_.find(name); it != pools_.end())
        for (const UniqueFd& socket : it->second.sockets) sockets.push_back(socket.get());
    return sockets;
}

void ListenerPools::close(const std::string& name) {
    const auto it = pools_.find(name);
    if (it == pools_.end()) return;
    plane_.remove_pool(it->second.id);
    keeper_.drop(it->second.owner);
    end_all(it->second.sockets);
    persist_(std::string(kKeyPrefix) + name, std::nullopt);
    pools_.erase(it);
}

void ListenerPools::restore(const std::map<std::string, std::string>& state, std::vector<KeptFd>& kept) {
    for (const auto& [key, text] : state) {
        if (!key.starts_with(kKeyPrefix)) continue;
        if (const Json value = parse_json(text); value.is_object())
            restore(value, key.substr(kKeyPrefix.size()), kept);
    }
    std::erase_if(kept, [](const KeptFd& one) { return !one.fd; });
}

void ListenerPools::restore(const Json& value, const std::string& name, std::vector<KeptFd>& kept) {
    Pool pool{value.value("id", PoolId{0}), value.value("owner", std::uint64_t{0}), spec_of(value, name), {}};
    next_id_ = std::max({next_id_, pool.id + 1, pool.owner + 1});
    pool.sockets = take_kept(kept, pool.owner, pool.spec.listen.size());
    // What the earlier daemon was changing when it died.
    std::optional<Pool> before;
    if (const auto was = value.find("before"); was != value.end()) {
        before.emplace();
        before->owner = was->value("owner", std::uint64_t{0});
        before->spec.listen = was->value("listen", std::vector<std::string>{});
        before->sockets = take_kept(kept, before->owner, before->spec.listen.size());
    }
    const bool is_whole = std::ranges::all_of(pool.sockets, [](const UniqueFd& fd) { return bool(fd); });
    if (!is_whole) {
        Pool had = std::move(pool);
        pool = Pool{had.id, next_id_++, had.spec, {}};
        keeper_.drop(had.owner);
        if (before) {
            std::ranges::move(before->spec.listen, std::back_inserter(had.spec.listen));
            std::ranges::move(before->sockets, std::back_inserter(had.sockets));
        }
        int error_number = 0;
        auto sockets = make_sockets(pool.spec, &had, error_number);
        if (sockets) pool.sockets = std::move(*sockets);
        record(pool, nullptr);
        if (!sockets || !keep(pool)) {  // opened anew when the app starts
            if (before) keeper_.drop(before->owner);
            return persist_(std::string(kKeyPrefix) + name, std::nullopt);
        }
    }
    if (before) {
        keeper_.drop(before->owner);
        record(pool, nullptr);
    }
    show(pool, true);
    pools_.insert_or_assign(name, std::move(pool));
}

}  // namespace kpm::io

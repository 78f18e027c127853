#pragma once
// The listening sockets that apps declare with `listen`: one pool per app name, made here, kept by the
// keeper, used by the data plane or inherited by the app's processes (core::PoolSpec::Kind). What a pool is
// made of is recorded in the state, so that the next daemon takes over the same sockets and no client finds
// the port closed.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/host.h"
#include "daemon/io/data_plane.h"
#include "daemon/io/keeper_link.h"
#include "daemon/io/keeper_numbers.h"
#include "ipc/base/json.h"

namespace kpm::io {

class ListenerPools {
public:
    using Persist = std::function<void(const std::string& key, const std::optional<std::string>& value)>;

    // Both must outlive this.
    ListenerPools(KeeperLink& keeper, DataPlane& plane, Persist persist)
        : keeper_(keeper), plane_(plane), persist_(std::move(persist)) {}

    // Takes over the pools of an earlier daemon from its state and the descriptors that the keeper kept
    // (those of pools are taken out of `kept`).
    void restore(const std::map<std::string, std::string>& state, std::vector<KeptFd>& kept);

    // Opens the pool, or makes it what the app wants now: addresses that it had keep their sockets, so that
    // nobody is refused meanwhile; when a new one cannot be had, all stays as it was. "cannot listen on
    // '*:3000': Address already in use (held by pid 42, node)".
    Result<void> open(const core::PoolSpec& spec);
    void close(const std::string& name);
    std::optional<PoolId> find(const std::string& name) const;
    // Those of the pool, in the order of `listen`; valid until the next change.
    std::vector<int> sockets_of(const std::string& name) const;
    // The sockets that a process of an activated app starts with, in the order of `listen`; valid until the
    // next change.
    std::vector<int> sockets(const std::string& name) const;

private:
    struct Pool {
        PoolId id = 0;            // the data plane's
        std::uint64_t owner = 0;  // under which the keeper holds the sockets, other ones after each change
        core::PoolSpec spec;
        std::vector<UniqueFd> sockets;  // in the order of spec.listen
    };

    Result<std::vector<UniqueFd>> make_sockets(const core::PoolSpec& spec, const Pool* before,
                                               int& error_number) const;
    Result<void> open_after_closing(const core::PoolSpec& spec, core::PoolSpec rest);
    Result<void> keep(const Pool& pool);
    void record(const Pool& pool, const Pool* before);
    void show(const Pool& pool, bool is_new);
    void restore(const Json& value, const std::string& name, std::vector<KeptFd>& kept);

    KeeperLink& keeper_;
    DataPlane& plane_;
    Persist persist_;
    std::map<std::string, Pool> pools_;
    PoolId next_id_ = keeper_numbers::kPools.first;
};

}  // namespace kpm::io

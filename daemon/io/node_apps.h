#pragma once
// The listening sockets of Node cluster apps: made when a worker asks for them, kept by the keeper, recorded
// in the state, so that the next daemon goes on with the same sockets and the same workers. What is decided
// comes from core/node_sockets.h; connections are the data plane's business (io/node_pool.h). Control thread.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/host.h"
#include "daemon/core/node_sockets.h"
#include "daemon/io/data_plane.h"
#include "daemon/io/keeper_link.h"
#include "daemon/io/keeper_numbers.h"
#include "daemon/io/slot_turns.h"
#include "daemon/io/timer.h"
#include "daemon/io/user_lookup.h"
#include "ecosystem/probe_address.h"
#include "ipc/base/json.h"

namespace kpm::io {

class NodeApps {
public:
    using Persist = std::function<void(const std::string& key, const std::optional<std::string>& value)>;
    using Log = std::function<void(std::string_view text)>;

    // Both must outlive this.
    NodeApps(Loop& loop, KeeperLink& keeper, DataPlane& plane, Persist persist, Log log);

    // Takes over the apps of an earlier daemon; their descriptors are taken out of `kept`.
    void restore(const std::map<std::string, std::string>& state, std::vector<KeptFd>& kept);
    // Workers of the earlier daemon that nobody has added again are gone.
    void forget_unclaimed();

    // Idempotent; takes over another user. NotFound: there is no such user.
    Result<void> open(const core::PoolSpec& app);
    // Its sockets are closed.
    void close(const std::string& app);
    bool has(const std::string& app) const { return apps_.contains(app); }
    // All of the app; valid until the next change.
    std::vector<int> sockets_of(const std::string& app) const;
    bool has_socket(const WorkerId& worker) const;
    // Whether another worker of its pm_id listens on something: the one that it comes after.
    bool has_listening_twin(const WorkerId& worker) const;

    // One that an earlier daemon had goes on with what it listens on. `slot`: the same for the process that
    // comes after it, from 0 on: which of the sockets it accepts on, where each has its own. `counts`: it may
    // know how many connections it has.
    void add_worker(const std::string& app, const WorkerId& worker, int slot, UniqueFd channel, bool counts);
    // It has been told to end by other means: no more connections. They wait for whoever comes after it, also
    // when it closes its servers.
    void leave(const WorkerId& worker);
    // No more connections; it closes its servers, finishes what it has and ends its channel.
    void drain(const WorkerId& worker);
    void remove_worker(const WorkerId& worker);
    // The key of its app's socket that connections to this address come to; nullopt: none does.
    std::optional<std::string> key_at(const WorkerId& worker, const ecosystem::ProbeAddress& address) const;
    // What concerns sockets of what a worker says; the rest is passed over.
    void hear(const WorkerId& worker, const core::node::Message& message);

private:
    // How workers get connections.
    enum class Way {
        Accept,  // the data plane accepts
        Slots,   // they accept, each on a socket of its slot
        Shared   // they accept, all on one socket
    };
    struct Open {
        std::uint64_t owner = 0;  // under which the keeper holds them
        Way way = Way::Accept;
        std::map<int, UniqueFd> sockets;  // by slot, never empty; otherwise one under 0
        SlotTurns turns;                  // of the slots
    };
    struct App {
        PoolId pool = 0;
        std::string balance;
        int max_connections = 0;           // per worker, 0 = no limit
        std::string user, group;           // as configured
        std::optional<Identity> identity;  // theirs: as whom socket files are made; none: as kpmd
        core::NodeSockets table;
        std::map<std::string, Open> open;  // by key
        std::set<int> left_ports;          // of UDP, a moment ago
    };

    struct Home {
        std::string app;
        int slot = 0;
    };

    App* home_of(const WorkerId& worker);
    void answer_again(App& app, const Home& home, const WorkerId& worker);
    // Empty: there is none that the worker could get, errno says why.
    std::optional<NodeAnswer> answer_of(const App& app, const Home& home,
                                        const core::NodeSockets::Socket& socket,
                                        std::uint64_t question) const;
    void answer(App& app, const Home& home, const WorkerId& worker, const core::node::ListenAsked& asked);
    Way way_of(const App& app, const core::NodeSockets::Socket& socket) const;
    Result<void> make(App& app, int slot, const core::NodeSockets::Socket& socket, int& error_number);
    void show(const App& app, const std::string& key, const Open& open, int slot);
    void give_turns(const std::string& name, App& app);
    void close_socket(App& app, const std::string& key);
    void settle();
    void close_abandoned();
    void add_pool(const App& app);
    void record(const std::string& name, const App& app);
    void erase_record(const std::string& name);
    // Of what is configured; nullopt: nothing is.
    static Result<std::optional<Identity>> identity_of(const std::string& user, const std::string& group);

    KeeperLink& keeper_;
    DataPlane& plane_;
    Persist persist_;
    Log log_;
    std::map<std::string, App> apps_;
    std::map<WorkerId, Home> homes_;
    std::uint64_t next_id_ = keeper_numbers::kNodeApps.first;
    Timer settle_;
};

}  // namespace kpm::io

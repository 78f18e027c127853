#pragma once
// The listening sockets of one Node cluster app and who uses them: what Node's primary keeps. Pure: whoever
// drives it makes and closes the sockets.
//
// A socket is made for the first worker that asks for its address, and shared by all that ask later. It stays
// when its last worker dies or is being replaced, so that clients wait instead of being refused; it goes when
// the app closes its server, or when all workers that are there have come to listen without it (an app whose
// new version listens elsewhere).

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/node_protocol.h"
#include "ipc/base/json.h"

namespace kpm::core {

class NodeSockets {
public:
    // Of one app: each costs descriptors in kpmd and the keeper, and who asks may ask without end.
    static constexpr std::size_t kMaxSockets = 256;
    static constexpr std::size_t kMaxData = 4096;  // bytes of `data` as JSON; Node's ticket keys are 68

    struct Socket {
        std::string key;  // as workers know it
        std::uint64_t number = 0;
        node::ListenQuery query;        // with the shared `data`
        std::set<std::uint64_t> users;  // incarnations
        // Users that have not said yet that they listen, and the questions of theirs that are answered by it.
        std::map<std::uint64_t, std::uint64_t> unheard = {};
    };
    enum class Refusal {
        InUse,       // this worker listens on it already
        NoSuchKind,  // a descriptor of the primary
        TooMany,     // the app has kMaxSockets
        TooMuchData  // more than kMaxData
    };

    void add_worker(std::uint64_t worker) { workers_.try_emplace(worker); }
    void remove_worker(std::uint64_t worker);
    // It is being replaced: it closes its servers, but the app does not.
    void set_leaving(std::uint64_t worker);
    bool is_leaving(std::uint64_t worker) const;

    // The socket that answers the question: one that is there, or a new one (not made yet, without users).
    // Valid until the next change.
    std::variant<Socket*, Refusal> ask(std::uint64_t worker, const node::ListenQuery& query);
    // `question`: its seq. Answers can get lost with the kpmd that gives them: see unheard_of.
    void join(std::uint64_t worker, const std::string& key, std::uint64_t question);
    // The worker has said that it listens on what it has asked for. False: that was known.
    bool hear_listening(std::uint64_t worker);
    // Questions whose answer may not have arrived, by key. An answer twice is one too many for no worker.
    std::map<std::string, std::uint64_t> unheard_of(std::uint64_t worker) const;
    // The worker has closed its server. True: that was the app's last one, the socket is forgotten.
    bool leave(std::uint64_t worker, const std::string& key);
    void forget(const std::string& key) { sockets_.erase(key); }
    // Keys of the sockets that are abandoned now; they are forgotten. A worker that has come up may be about
    // to listen on its second port: wait a little before asking.
    std::vector<std::string> take_abandoned();

    const Socket* find(const std::string& key) const;
    bool is_listening(std::uint64_t worker) const;
    bool is_empty() const { return sockets_.empty(); }
    std::vector<std::string> keys() const;
    std::vector<std::string> keys_of(std::uint64_t worker) const;
    std::vector<std::uint64_t> workers() const;

    // Persistent: read by the next daemon.
    Json state() const;
    static NodeSockets from_state(const Json& state);

private:
    struct Worker {
        bool is_leaving = false;
    };
    std::map<std::string, Socket> sockets_;  // by key
    std::map<std::uint64_t, Worker> workers_;
    std::uint64_t next_number_ = 1;
};

}  // namespace kpm::core

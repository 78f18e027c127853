#pragma once
// Node's cluster protocol, as its primary speaks it: lines of JSON <-> structs. Pure. Identical in Node 18 to
// 26; Deno speaks it, Bun half of it.
//
// A worker first says Online, asks with ListenAsked for each server, says Listening when that listens, and
// ListenClosed when it does not any more. A connection is given to it with a descriptor (connection_line) and
// answered twice: HandleTaken as soon as the descriptor has arrived (HandleLost: it did not),
// ConnectionAnswered when the server has taken it or not. What is not Node's own is the app's process.send
// (AppSaid, AppLine). kpm's own: a worker with the script of io/node_count.h answers count_line with
// ConnectionsTold and goes on telling; any other passes the question over.
//
// `seq` numbers the sender's messages; an answer names the question's as `ack`. A descriptor belongs to a
// line of the form {"cmd":"NODE_HANDLE", …}; the answers HandleTaken and HandleLost have no number and come
// in the order of the descriptors.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "ipc/base/json.h"

namespace kpm::core::node {

inline constexpr std::size_t kMaxLine = std::size_t{8} << 20;  // bytes of one message
inline constexpr int kDefaultBacklog = 511;                    // Node's

// What a worker wants to listen on.
struct ListenQuery {
    enum class Kind { Tcp, Unix, Udp };
    Kind kind = Kind::Tcp;
    std::string address = {};  // a literal or an absolute path; "" = every interface
    int port = 0;              // 0: the kernel chooses one
    bool is_ipv6 = false;
    bool only_ipv6 = false;      // no IPv4 on an IPv6 socket
    bool reuse_address = false;  // UDP
    int backlog = kDefaultBacklog;
    bool readable_by_all = false, writable_by_all = false;  // the socket file
    int index = 0;                                          // this worker's n-th server with port 0
    std::optional<int> fd = {};                             // a descriptor of the primary: not served
    Json data = {};  // null, or what the workers of one address share (TLS ticket keys)

    bool operator==(const ListenQuery&) const = default;
};

// The same for queries that share a socket: servers of several workers on one address, and the n-th server
// with port 0 of each.
std::string socket_key(const ListenQuery& query);

struct Online {};
struct ListenAsked {
    std::uint64_t seq = 0;
    ListenQuery query;
};
struct Listening {};
struct ListenClosed {
    std::string key;
};
struct Leaving {
    std::uint64_t seq = 0;
};  // it disconnects of its own accord once this is acknowledged
struct ConnectionAnswered {
    std::uint64_t seq = 0;  // of the connection
    bool accepted = false;
};
struct ConnectionsTold {
    std::uint64_t taken = 0;  // of all servers since its start, however they came
    std::uint64_t ended = 0;  // of those
};
struct HandleTaken {};
struct HandleLost {};
struct HandleSent {
    Json message;
};  // the app has sent a descriptor; wants kHandleTaken or kHandleLost
struct AppSaid {
    Json message;
};
// None of Node's own (may_be_nodes_own), and not looked into: AppSaid once it is parsed, or no JSON.
struct AppLine {
    std::string text;
};
struct Unknown {};  // not JSON, or Node's own and of no meaning here
using Message = std::variant<Online, ListenAsked, Listening, ListenClosed, Leaving, ConnectionAnswered,
                             ConnectionsTold, HandleTaken, HandleLost, HandleSent, AppSaid, AppLine, Unknown>;

// `line` without its end. Never AppLine.
Message parse_message(std::string_view line);
// Whether it could be one of Node's own, as far as its text tells without being parsed, which takes many
// times as long: false of nearly all that apps say.
bool may_be_nodes_own(std::string_view line);

// --- lines to send, with their end ---

struct SocketName {
    std::string address;
    bool is_ipv6 = false;
    int port = 0;

    bool operator==(const SocketName&) const = default;
};

struct ListenAnswer {
    std::uint64_t question = 0;
    int error_number = 0;  // positive, 0 = it listens
    std::string key = {};  // the worker's name for the socket from now on
    Json data = {};
    std::optional<SocketName> name = {};  // none for a unix socket
};

inline constexpr std::string_view kHandleTaken = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";
inline constexpr std::string_view kHandleLost = "{\"cmd\":\"NODE_HANDLE_NACK\"}\n";

// The primary accepts for the worker: no descriptor goes with it.
std::string answer_line(const ListenAnswer& answer, std::uint64_t seq);
// The worker accepts on the descriptor that goes with it.
std::string handle_answer_line(const ListenAnswer& answer, bool is_udp, std::uint64_t seq);
std::string connection_line(std::string_view key, std::uint64_t seq);  // with a descriptor
std::string disconnect_line(std::uint64_t seq);  // close all servers, finish, end the channel
std::string acknowledge_line(std::uint64_t question, std::uint64_t seq);
// Tell how many connections there are, now and after each change: `pause` later, 0 = each time that one ends.
std::string count_line(std::chrono::milliseconds pause);
std::string app_line(const Json& message);

}  // namespace kpm::core::node

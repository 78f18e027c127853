#pragma once
// The kpm channel: how a worker of a cluster app takes connections from kpmd. One header, so that any program
// in any language can speak it. See docs/protocol.md for the prose.
//
// Transport: the worker finds in the environment variable KPM_CHANNEL_FD the number of a connected AF_UNIX
// SOCK_SEQPACKET socket. Each message is one packet: a ChannelMessage (16 bytes, little endian), and for
// `connection` and `refused` exactly one descriptor in SCM_RIGHTS. Unknown types are ignored; EOF means that
// kpmd is gone for a moment: the keeper holds kpmd's end and the next kpmd goes on with it, so a worker sees
// EOF only when it is no longer managed, and then should finish its work and exit.
//
// Life of a worker:
//   worker -> ready                     it can take connections (sent once, after its context is made)
//   kpmd   -> connection {listener}+fd  an accepted, non-blocking, close-on-exec socket; `value` = listener
//   index worker -> accepted                  one per connection: it has taken it off the channel. kpmd keeps
//   its own copy
//                                       of the socket until then and passes it to another worker if this one
//                                       dies.
//   worker -> refused +fd               in place of accepted: it cannot take it; kpmd passes it to another
//   worker worker -> done                      one per accepted connection: it is finished (closed) worker ->
//   load {value}              jobs queued and running, whenever that changes (least_connections reads it)
//   kpmd   -> drain                     no more connections will come: finish what is there, then send
//   drained worker -> drained                   nothing is in flight any more; kpmd stops the process next
//   kpmd   -> hello                     a new kpmd has taken over; the worker answers with `state`
//   worker -> state {flags, value}      flags: kStateReady, kStateDraining; value = connections that are open

#include <cstdint>

namespace kpm::channel {

inline constexpr const char* kFdVariable = "KPM_CHANNEL_FD";

// How many connections kpmd hands to one worker before it has said `accepted` for the first of them.
inline constexpr int kWindow = 8;

// On the wire, never renumber.
enum class Type : std::uint16_t {
    Connection = 1,
    Drain = 2,
    Hello = 3,
    Ready = 16,
    Accepted = 17,
    Refused = 18,
    Done = 19,
    Load = 20,
    Drained = 21,
    State = 22,
};

inline constexpr std::uint32_t kStateReady = 1;
inline constexpr std::uint32_t kStateDraining = 2;

struct ChannelMessage {
    Type type = Type::Hello;
    std::uint16_t version = 1;
    std::uint32_t flags = 0;
    std::uint64_t value = 0;
};
static_assert(sizeof(ChannelMessage) == 16);

}  // namespace kpm::channel

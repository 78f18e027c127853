#pragma once
// Has the kernel give the connections of an address to its SO_REUSEPORT sockets in turn. By itself it goes by
// a hash of both addresses, which leaves the shares to chance: of 400 connections to four sockets the largest
// one is 27.6 % on average, and three times of ten over 28 %. On the control thread.

#include "ipc/base/result.h"

namespace kpm::io {

// `listener`: any of the sockets; `count`: how many listen. To be called again when there is one more. Done
// by an eBPF program (SO_ATTACH_REUSEPORT_EBPF), which stays with the sockets as long as one of them is open,
// whoever has made it. Error: the kernel is older than 5.12 or does not permit it (root and CAP_BPF may);
// then it goes on by the hash.
Result<void> take_turns(int listener, int count);

}  // namespace kpm::io

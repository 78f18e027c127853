#include "daemon/io/turn_away.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <iterator>

namespace kpm::io {
namespace {

bool is_tcp_listener(int socket) {
    int protocol = 0, listens = 0;
    socklen_t size = sizeof protocol;
    if (::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0) return false;
    size = sizeof listens;
    if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return false;
    return protocol == IPPROTO_TCP && listens != 0;
}

}  // namespace

void turn_away_new(int listener) {
    if (!is_tcp_listener(listener)) return;
    constexpr unsigned kFlags = 13, kSyn = 0x02, kAck = 0x10;  // the packet begins with the TCP header
    sock_filter program[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
                             BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
                             BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
                             BPF_STMT(BPF_RET | BPF_K, 0xffffffff)};
    const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
    ::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

void let_in_new(int listener) {
    const int unused = 0;
    if (is_tcp_listener(listener))
        ::setsockopt(listener, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

}  // namespace kpm::io

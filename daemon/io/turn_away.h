#pragma once
// A listening TCP socket that lets nobody new in, while whoever has connected is still accepted: a filter of
// the kernel (socket(7), SO_ATTACH_FILTER) drops segments with SYN and without ACK (RFC 9293, 3.1), which are
// the first of a connection. The client tries again after a second and is refused once the socket is closed,
// instead of being let in and cut. It holds for the socket in whatever process has it. Sockets of other kinds
// are left alone. Control thread; both are idempotent and cannot fail in a way that matters: without the
// filter it is as if they had not been called.

namespace kpm::io {

void turn_away_new(int listener);
void let_in_new(int listener);

}  // namespace kpm::io

#pragma once
// Room in the process's table of descriptors, which the kernel makes larger as it fills. In a process of
// several threads each time it then waits until no processor can still be reading the old one (fs/file.c,
// expand_fdtable: synchronize_rcu), which takes ten milliseconds and more, in which nothing else is done.

namespace kpm::io {

// For about a thousand apps, at once. Call it while there is one thread. No room, no harm.
void make_descriptor_room();

}  // namespace kpm::io

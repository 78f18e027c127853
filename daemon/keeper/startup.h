#pragma once
// What happens once, before the loop: one keeper per home, a clean process, the background.

#include <sys/resource.h>

#include "daemon/keeper/report.h"

namespace kpm::keeper {

struct Options {
    const char* home = nullptr;  // absolute
    const char* daemon =
        nullptr;  // absolute; a symbolic link is followed anew at each start, so `kpm update` may turn it
    bool foreground = false;
};

// false: the usage is wrong or there is no memory; said on stderr.
bool parse_options(int argc, char** argv, Options& options);

// The lock on DIR/kpm.lock, held as long as the descriptor; empty: the relay was told why.
UniqueFd lock_home(const Options& options, ReadyRelay& relay);

// Closes what the starter left open, blocks all signals (they come by signalfd), ignores SIGPIPE, adopts
// orphans, raises the soft limit of descriptors. Returns the limit as it was, for children.
rlimit prepare_process(int keep_fd);

// Double fork and setsid; stdin from /dev/null, output appended to DIR/pm2.log, cwd /. Returns in the
// grandchild only.
bool go_to_background(const Options& options, ReadyRelay& relay);

}  // namespace kpm::keeper

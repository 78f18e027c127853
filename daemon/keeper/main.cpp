// kpm-keeper --home DIR --daemon PATH_TO_KPMD [--foreground]
// Parent of kpmd and of all apps. See docs/design.md and keeper_protocol.h.

#include <sys/prctl.h>

#include "daemon/keeper/keeper.h"

int main(int argc, char** argv) {
    using namespace kpm::keeper;
    Options options;
    if (!parse_options(argc, argv, options)) return 2;
    ReadyRelay relay;
    relay.open_waiter();
    const rlimit child_file_limit = prepare_process(relay.waiter_fd());
    const kpm::UniqueFd lock = lock_home(options, relay);
    if (!lock) return 1;
    // In the background the service manager's process is another one, which has ended.
    if (options.foreground) relay.open_service_manager();
    if (!options.foreground && !go_to_background(options, relay)) return 1;
    // Each process adopts for itself: after the last fork.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    Keeper keeper(options, relay, child_file_limit);
    return keeper.run();
}

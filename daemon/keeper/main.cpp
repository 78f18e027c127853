// kpm-keeper --home DIR --daemon PATH_TO_KPMD [--foreground]
// Parent of kpmd and of all apps. See docs/design.md and keeper_protocol.h.

#include <pthread.h>
#include <sys/prctl.h>

#include <cstring>

#include "daemon/keeper/keeper.h"
#include "daemon/keeper/launch.h"

namespace kpm::keeper {
namespace {

constexpr std::size_t kStackSize = 256 * 1024;

struct Loop {
    Keeper& keeper;
    Orphans& orphans;
    int exit_code = 1;

    static void* run(void* loop) {
        auto& self = *static_cast<Loop*>(loop);
        self.exit_code = self.keeper.run();
        self.orphans.finish();
        return nullptr;
    }
};

int start_thread(pthread_t& thread, Loop& loop) {
    pthread_attr_t attributes;
    int error = ::pthread_attr_init(&attributes);
    if (error) return error;
    error = ::pthread_attr_setstacksize(&attributes, kStackSize);
    if (error == 0) error = ::pthread_create(&thread, &attributes, &Loop::run, &loop);
    ::pthread_attr_destroy(&attributes);
    return error;
}

// The keeper's loop on a thread of its own, orphans on this one.
int run_keeper(const Options& options, ReadyRelay& relay, const rlimit& child_file_limit) {
    prepare_launches();
    Orphans orphans;
    static Keeper keeper(options, relay, orphans,
                         child_file_limit);  // half a megabyte: no stack may be so small
    Loop loop{keeper, orphans};
    pthread_t thread;
    int error = orphans.open();
    if (error == 0) error = start_thread(thread, loop);
    if (error != 0) {
        relay.fail("cannot set up the loop: %s", std::strerror(error));
        return 1;
    }
    orphans.collect();
    ::pthread_join(thread, nullptr);
    return loop.exit_code;
}

}  // namespace
}  // namespace kpm::keeper

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
    return run_keeper(options, relay, child_file_limit);
}

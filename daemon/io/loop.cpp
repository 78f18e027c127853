#include "daemon/io/loop.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "daemon/io/poll_set.h"

namespace kpm::io {
namespace {

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "event loop: %s\n", what);
    std::abort();
}

}  // namespace

Loop::Loop() {
    // libuv writes to sockets without MSG_NOSIGNAL: a peer that has gone must be an error, not a death.
    std::signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&loop_) != 0) give_up("cannot be made");
    auto poll_set = PollSet::open(&loop_);
    if (!poll_set) give_up("cannot be made");
    poll_set_ = *std::move(poll_set);
}

Loop::~Loop() {
    if (!poll_set_->is_empty()) give_up("ended with polled descriptors");
    poll_set_.reset();
    bool is_open = false;
    uv_walk(
        &loop_,
        [](uv_handle_t* handle, void* found) {
            if (uv_is_closing(handle)) return;
            *static_cast<bool*>(found) = true;
            std::fprintf(stderr, "event loop: a %s handle is still open\n",
                         uv_handle_type_name(handle->type));
        },
        &is_open);
    // Running it dry would wait for the open one, perhaps for ever.
    if (is_open) give_up("ended with open handles");
    uv_run(&loop_, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop_) != 0) give_up("cannot be closed");
}

bool Loop::run_once() {
    return uv_run(&loop_, UV_RUN_ONCE) != 0;
}

bool Loop::run_ready() {
    return uv_run(&loop_, UV_RUN_NOWAIT) != 0;
}

void Loop::run() {
    uv_run(&loop_, UV_RUN_DEFAULT);
}

void Loop::stop() {
    uv_stop(&loop_);
}

}  // namespace kpm::io

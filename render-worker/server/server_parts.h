#pragma once
// What every session needs from the server. All of it outlives the sessions.

#include "render-worker/server/options.h"
#include "render-worker/server/protocol.h"
#include "render-worker/server/render_queue.h"
#include "render-worker/server/session_table.h"

namespace kpm::render {

struct ServerParts {
    const ServerOptions& options;
    const Protocol& protocol;
    SessionTable& sessions;
    RenderQueue& queue;
    const bool& ready;  // the engine is up
};

}  // namespace kpm::render

#pragma once
// The render-worker's server: connections in (from kpmd's channel or an own listening socket), renders out,
// and the order of its end. One I/O thread, the caller of serve(); the queue has the render thread.
//
// Phases: Serving -> Draining -> Drained. A drain begins with kpmd's `drain`, SIGTERM, SIGINT, the channel's
// end or the loss of the device; it takes no new connections, finishes what is there and closes each
// connection when it has been quiet for ServerOptions::drain_idle. Drained: no connection is left, and kpmd
// is told so. The process ends when it is Drained *and* someone asked for the end (a signal, the channel's
// end, the device), at once after the second signal, and at stop_deadline after the first.

#include <optional>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "render-worker/server/genome_loader.h"
#include "render-worker/server/options.h"
#include "render-worker/server/protocol.h"
#include "render-worker/server/render_engine.h"

namespace kpm::render {

// Serves until the end and returns the process's exit code. With `channel` the connections come from kpmd,
// else from options.host and port. Prints the ready line on stdout, what went wrong on its way on stderr;
// takes over SIGTERM and SIGINT. Errors: the address cannot be listened on.
Result<int> serve(const ServerOptions& options, const Protocol& protocol, GenomeLoader& loader,
                  EngineFactory factory, std::optional<UniqueFd> channel);

}  // namespace kpm::render

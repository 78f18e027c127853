#pragma once
// The seam between the WebSocket sessions and the message formats of kromosynth's servers: text in, a task or
// an answer out; a sound or an error in, messages out. Pure; one Protocol serves all connections, so it has
// no state. One class per format (pcm_protocol.h is the first); sessions and queue know only this header.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "render-worker/renderer.h"

namespace kpm::render {

struct WireMessage {
    bool text = true;  // else binary
    std::string bytes;

    bool operator==(const WireMessage&) const = default;
};

struct Reply {
    std::vector<WireMessage> messages;
    bool close = false;  // the server closes the connection after the last message

    bool operator==(const Reply&) const = default;
};

// A validated job. `context` is whatever the protocol wants to see again when it builds the reply.
struct RenderTask {
    Json genome;
    RenderRequest request;
    bool gpu_allowed = true;
    Json context;
};

class Protocol {
public:
    virtual ~Protocol() = default;
    // Sent as soon as a connection is open.
    virtual Reply greeting() const { return {}; }
    virtual std::variant<RenderTask, Reply> read(std::string_view message) const = 0;
    virtual Reply sound(const RenderTask& task, const RenderedSound& sound) const = 0;
    // `task` is null when the message was never read (the queue is full, the worker stops).
    virtual Reply failure(const RenderTask* task, const Error& error) const = 0;
};

}  // namespace kpm::render

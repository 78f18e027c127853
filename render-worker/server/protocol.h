#pragma once
// The seam between the WebSocket sessions and the message formats of kromosynth's servers: text in, a task or
// an answer out; a sound or an error in, messages out. Pure; one Protocol serves all connections, so it has
// no state. One class per format, and one (any_protocol.h) that tells them apart; sessions and queue know
// only this header.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "render-worker/renderer.h"
#include "render-worker/server/genome_address.h"

namespace kpm::render {

struct WireMessage {
    bool text = true;  // else binary
    std::string bytes;

    bool operator==(const WireMessage&) const = default;
};

// What a session does after the last message of a reply.
enum class After {
    GoOn,
    Close,            // code 1000
    CloseWithoutCode  // which the client sees as 1005
};

struct Reply {
    std::vector<WireMessage> messages;
    After after = After::GoOn;
    // Goes out before the messages, but only once on each connection.
    std::optional<WireMessage> greeting;
    // Messages that follow the others and are made one by one, when the client has taken the one before:
    // a sound in text is six times its samples. nullopt is the end. `rest_bytes`: what it holds meanwhile.
    std::function<std::optional<WireMessage>()> rest;
    std::size_t rest_bytes = 0;
};

// Whether the same message may do better when it is sent again: the worker is busy, it stops, its device is
// lost, a genome's server did not answer. Failures tell it to the client as `"retryable": true`.
inline bool is_retryable(const Error& error) {
    return error.code == ErrorCode::Unavailable;
}

class Protocol;

// A validated job. `context` is whatever the protocol wants to see again when it builds the reply.
struct RenderTask {
    Json genome;
    std::optional<GenomeAddress> address;  // where the genome is to be had, when it did not come along
    RenderRequest request;
    bool gpu_allowed = true;
    Json context;
    const Protocol* format = nullptr;  // whose context it is
};

class Protocol {
public:
    virtual ~Protocol() = default;
    // Sent as soon as a connection is open.
    virtual Reply greeting() const { return {}; }
    // Needs neither work nor an answer. Asked on the I/O thread: looks at short messages only.
    virtual bool ignores(std::string_view) const { return false; }
    virtual std::variant<RenderTask, Reply> read(std::string_view message) const = 0;
    virtual Reply sound(const RenderTask& task, RenderedSound sound) const = 0;
    virtual Reply failure(const RenderTask& task, const Error& error) const = 0;
    // For a message that was not read (the queue is full, the worker stops): looks no further into it than
    // envelope() does.
    virtual Reply refusal(std::string_view message, const Error& error) const = 0;
};

}  // namespace kpm::render

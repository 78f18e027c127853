// A message in the format of the render server, and the telling apart of all formats: any bytes become a task
// within the limits, or an answer that says why not. What is refused unread is answered too.

#include <cstdint>
#include <string_view>
#include <variant>

#include "render-worker/server/any_protocol.h"
#include "render-worker/server/message_json.h"
#include "render-worker/server/request_fields.h"
#include "tests/fuzz/require.h"

namespace {

using namespace kpm;
using namespace kpm::render;
using fuzz::require;

void check_answer(const Reply& reply) {
    for (const WireMessage& message : reply.messages)
        if (message.text) require(Json::parse(message.bytes).is_object(), "an answer is JSON");
}

void check(const Protocol& protocol, std::string_view text) {
    const bool is_ignored = protocol.ignores(text);
    check_answer(protocol.refusal(text, {ErrorCode::Unavailable, "cannot take the job: busy"}));
    const auto read = protocol.read(text);
    if (const Reply* reply = std::get_if<Reply>(&read)) return check_answer(*reply);
    require(!is_ignored, "what is ignored is no task");
    const RenderTask& task = std::get<RenderTask>(read);
    require(task.format != nullptr, "a task has its format");
    require(task.request.duration > 0 && task.request.duration * task.request.sample_rate <= kMaxSamples,
            "a task is within the limits");
    require(task.request.channels >= 1 && task.request.channels <= 8, "a graph has 1 to 8 channels");
    require(task.genome.is_null() == task.address.has_value(), "a task has a genome or its address");
    check_answer(protocol.failure(task, {ErrorCode::NotFound, "cannot read genome"}));
    const Reply reply = protocol.sound(task, {.samples = {0.5f, 1.0f}, .sample_rate = 48000});
    require(!reply.messages.empty(), "a sound is sent");
    if (reply.rest)
        while (const auto more = reply.rest())
            require(Json::parse(more->bytes).is_object(), "the rest is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const AnyProtocol any;
    static const RenderProtocol render;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(any, text);
    check(render, text);
    return 0;
}

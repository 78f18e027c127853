// A message in the PCM or the floating-point format: any bytes become a task within the limits, or an answer
// that says why not.

#include <cstdint>
#include <string_view>
#include <variant>

#include "render-worker/server/float_protocol.h"
#include "render-worker/server/pcm_protocol.h"
#include "render-worker/server/request_fields.h"
#include "tests/fuzz/require.h"

namespace {

using namespace kpm;
using namespace kpm::render;
using fuzz::require;

void check(const Protocol& protocol, std::string_view text) {
    const auto read = protocol.read(text);
    if (const Reply* reply = std::get_if<Reply>(&read)) {
        require(!reply->messages.empty() && reply->messages[0].text, "what is refused is answered");
        require(Json::parse(reply->messages[0].bytes).is_object(), "the answer is JSON");
        return;
    }
    const RenderTask& task = std::get<RenderTask>(read);
    const RenderRequest& request = task.request;
    require(request.duration > 0 && request.duration * request.sample_rate <= kMaxSamples,
            "a task is within the limits");
    require(task.genome.is_null() == task.address.has_value(), "a task has a genome or its address");
    require(!request.part || static_cast<double>(request.part->offset) <= kMaxSamples,
            "a part is within the limits");
    require(!protocol.sound(task, {.samples = {0.5f, 1.0f}, .sample_rate = 48000}).messages.empty(),
            "a sound is sent");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const PcmProtocol pcm;
    static const FloatProtocol floating;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(pcm, text);
    check(floating, text);
    return 0;
}

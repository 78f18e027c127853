#pragma once
// The message format of kromosynth's `render` server: a welcome, `render` in; out either one sound (with
// `batch`, `legacyBatch` or `controlledResume`: batch-result, the samples as 32-bit floats, complete) or
// chunks of 4096 samples as JSON, then complete (docs/render-worker.md, section Protocols). The sample rate
// is 48 kHz. What belongs to a request repeats its `requestId`. `playback-position` is taken and ignored.

#include "render-worker/server/protocol.h"

namespace kpm::render {

inline constexpr const char* kRenderRequestType = "render";

class RenderProtocol final : public Protocol {
public:
    // How loud a sound is that was not asked for with `legacyBatch`, which always is `Summed`.
    explicit RenderProtocol(OutputStage output = OutputStage::FirstChannel) : output_(output) {}

    Reply greeting() const override { return {.greeting = welcome()}; }
    bool ignores(std::string_view message) const override;
    std::variant<RenderTask, Reply> read(std::string_view message) const override;
    // The same for what has been parsed already, an object.
    std::variant<RenderTask, Reply> read_object(Json message) const;
    Reply sound(const RenderTask& task, RenderedSound sound) const override;
    Reply failure(const RenderTask& task, const Error& error) const override;
    Reply refusal(std::string_view message, const Error& error) const override;

private:
    static WireMessage welcome();

    OutputStage output_;
};

}  // namespace kpm::render

#pragma once
// The message format of kromosynth's PCM server: `get_audio_data` in, 16-bit PCM out (docs/render-worker.md,
// section Protocol). Failures of a job are answered by a text message that names them, then by the empty
// binary message that the original sends; an unknown type (which the original ignores) by the text message
// alone.

#include "render-worker/server/protocol.h"

namespace kpm::render {

// The longest sound of one request, in samples: ten minutes at 48 kHz. Bounds the memory that one message can
// claim.
inline constexpr double kMaxSamples = 48000.0 * 600;

class PcmProtocol final : public Protocol {
public:
    std::variant<RenderTask, Reply> read(std::string_view message) const override;
    Reply sound(const RenderTask& task, const RenderedSound& sound) const override;
    Reply failure(const RenderTask* task, const Error& error) const override;
};

}  // namespace kpm::render

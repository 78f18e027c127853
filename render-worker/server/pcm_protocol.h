#pragma once
// The message format of kromosynth's PCM server: `get_audio_data` in, 16-bit PCM out (docs/render-worker.md,
// section Protocols). Failures of a job are answered by a text message that names them, then by the empty
// binary message that the original sends; an unknown type (which the original ignores) by the text message
// alone.

#include <string>
#include <utility>

#include "render-worker/server/protocol.h"

namespace kpm::render {

inline constexpr const char* kPcmRequestType = "get_audio_data";

class PcmProtocol final : public Protocol {
public:
    // `genome_server`: see as_seen_from_here().
    explicit PcmProtocol(std::string genome_server = {}) : genome_server_(std::move(genome_server)) {}

    std::variant<RenderTask, Reply> read(std::string_view message) const override;
    // The same for what has been parsed already, an object.
    std::variant<RenderTask, Reply> read_object(Json message) const;
    Reply sound(const RenderTask& task, RenderedSound sound) const override;
    Reply failure(const RenderTask& task, const Error& error) const override;
    Reply refusal(std::string_view message, const Error& error) const override;

private:
    std::string genome_server_;
};

}  // namespace kpm::render

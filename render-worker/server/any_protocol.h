#pragma once
// All formats on one port, told apart by each message: no `type` is the floating-point server's, `render` and
// `playback-position` are the render server's, everything else is the PCM server's. The render server's
// welcome goes out with the first answer to a render request: at the beginning of the connection it would be
// in the way of the other servers' clients.

#include <string>

#include "render-worker/server/float_protocol.h"
#include "render-worker/server/pcm_protocol.h"
#include "render-worker/server/protocol.h"
#include "render-worker/server/render_protocol.h"

namespace kpm::render {

class AnyProtocol final : public Protocol {
public:
    // `genome_server`: of the PCM and of the floating-point format.
    explicit AnyProtocol(const std::string& genome_server = {},
                         OutputStage output = OutputStage::FirstChannel)
        : pcm_(genome_server), float_(genome_server), render_(output) {}

    bool ignores(std::string_view message) const override { return render_.ignores(message); }
    std::variant<RenderTask, Reply> read(std::string_view message) const override;
    Reply sound(const RenderTask& task, RenderedSound sound) const override;
    Reply failure(const RenderTask& task, const Error& error) const override;
    Reply refusal(std::string_view message, const Error& error) const override;

private:
    PcmProtocol pcm_;
    FloatProtocol float_;
    RenderProtocol render_;
};

}  // namespace kpm::render

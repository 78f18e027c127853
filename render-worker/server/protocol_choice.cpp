#include "render-worker/server/protocol_choice.h"

#include "render-worker/server/any_protocol.h"

namespace kpm::render {

std::unique_ptr<Protocol> make_protocol(const ProtocolChoice& choice) {
    const OutputStage output = choice.norm == "peak" ? OutputStage::Summed : OutputStage::FirstChannel;
    if (choice.name == "pcm") return std::make_unique<PcmProtocol>(choice.genome_server);
    if (choice.name == "float") return std::make_unique<FloatProtocol>(choice.genome_server);
    if (choice.name == "render") return std::make_unique<RenderProtocol>(output);
    return std::make_unique<AnyProtocol>(choice.genome_server, output);
}

}  // namespace kpm::render

#include "render-worker/dsp/additive.h"

#include <memory>

#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/channel_merger.h"
#include "render-worker/dsp/gain.h"

namespace kpm::render {

AudioGraph::Index add_additive(AudioGraph& graph, const std::vector<Partial>& partials, double duration,
                               const Quirks& quirks) {
    const auto merger = graph.add(std::make_unique<ChannelMerger>(quirks));
    for (const Partial& partial : partials) {
        auto weight_node = std::make_unique<Gain>(quirks);
        weight_node->gain().set(static_cast<float>(partial.weight));
        auto envelope_node = std::make_unique<Gain>(quirks);
        envelope_node->gain().set_curve(partial.envelope, duration);
        const auto weight = graph.add(std::move(weight_node));
        const auto envelope = graph.add(std::move(envelope_node));
        const auto source = graph.add(std::make_unique<BufferSource>(partial.buffer));
        graph.connect(weight, merger);
        graph.connect(envelope, weight);
        graph.connect(source, envelope);
    }
    return merger;
}

}  // namespace kpm::render

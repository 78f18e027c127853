#pragma once
// ChannelMergerNode of six mono inputs of which only the first is ever connected: the output is 5.1 sound
// with the sum of the connections on the left front channel. That is how the reference ends its wavetable and
// additive nodes (it asks for one input, and the request is lost); with the quirk off the sum stays mono.
// Source: Web Audio specification 1.15.

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

class ChannelMerger : public AudioNode {
public:
    explicit ChannelMerger(const Quirks& quirks)
        : AudioNode({ChannelRule::Count::Explicit, 1, false}, 1), channels_(quirks.surround_merger ? 6 : 1) {}

    void process(const BlockTime& time) override;

private:
    std::size_t channels_;
};

}  // namespace kpm::render

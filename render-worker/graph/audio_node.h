#pragma once
// A node of the audio graph. The graph adds up its inputs, calls process() once per block, and passes the
// output on.

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "render-worker/graph/audio_param.h"
#include "render-worker/graph/quantum.h"

namespace kpm::render {

class AudioNode {
public:
    AudioNode(ChannelRule rule, std::size_t inputs) : rule_(rule), inputs_(inputs) {}
    virtual ~AudioNode() = default;
    AudioNode(const AudioNode&) = delete;
    AudioNode& operator=(const AudioNode&) = delete;

    // Reads inputs() and the parameters, writes output() completely. The graph silences the inputs
    // afterwards.
    virtual void process(const BlockTime& time) = 0;

    // nullptr when the node has no such parameter; owned by the node.
    virtual AudioParam* param(std::string_view) { return nullptr; }

    // Where a cycle runs through this node, the graph may process what follows it first.
    virtual bool breaks_cycles() const { return false; }

    const ChannelRule& input_rule() const { return rule_; }
    std::vector<Quantum>& inputs() { return inputs_; }
    const Quantum& output() const { return output_; }
    Quantum& output() { return output_; }

private:
    ChannelRule rule_;
    std::vector<Quantum> inputs_;
    Quantum output_;
};

}  // namespace kpm::render

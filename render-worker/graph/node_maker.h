#pragma once
// Makes the parts of the audio graph that one node of the plan becomes, with its properties and its signals.
// Where a signal goes: `buffer` of a buffer source or a convolver and `curve` of a wave shaper (the last one
// counts), `buffer` and `mix` of a wavetable, `partialBuffer` and `partialGainEnvelope` of an additive node;
// any other name is a parameter of the node, which then follows the signal over the whole duration (again the
// last one counts). Used by the graph builder, node by node in the order of the plan.

#include <memory>
#include <optional>
#include <string_view>

#include "ipc/base/result.h"
#include "render-worker/genome/audio_plan.h"
#include "render-worker/graph/audio_graph.h"
#include "render-worker/graph/feeds.h"
#include "render-worker/graph/graph_builder.h"

namespace kpm::render {

// cannot render '<type> <id>': <reason>
Error node_error(const PlanNode& node, std::string_view reason);
Error no_parameter(const PlanNode& node, std::string_view name);

// Where sound enters a node of the plan and where it comes out; most have both in one place.
struct NodeEnds {
    AudioGraph::Index input = 0;
    AudioGraph::Index output = 0;  // has the parameters
};

class NodeMaker {
public:
    // `graph` and `options` must outlive the maker.
    NodeMaker(AudioGraph& graph, const GraphOptions& options) : graph_(graph), options_(options) {}

    // `sounds`: the node is heard itself, not only as the modulation of a parameter. Nothing when the node is
    // silent and no part of the graph. Errors: Invalid.
    Result<std::optional<NodeEnds>> make(const PlanNode& node, const Feeds& feeds, bool sounds);

private:
    using Made = Result<std::optional<NodeEnds>>;

    Made gain(const PlanNode& node, const Feeds& feeds);
    Made oscillator(const PlanNode& node, const Feeds& feeds, bool sounds);
    Made filter(const PlanNode& node, const Feeds& feeds);
    Made delay(const PlanNode& node, const Feeds& feeds);
    Made feedback_delay(const PlanNode& node);
    Made compressor(const PlanNode& node, const Feeds& feeds);
    Made convolver(const PlanNode& node, const Feeds& feeds);
    Made wave_shaper(const PlanNode& node, const Feeds& feeds);
    Made buffer_source(const PlanNode& node, const Feeds& feeds);
    Made wavetable(const Feeds& feeds);
    Made additive(const PlanNode& node, const Feeds& feeds);

    // Lets the parameters follow their signals; `data` names the one signal that is no parameter's.
    Result<void> follow(const PlanNode& node, const Feeds& feeds, AudioNode& audio_node,
                        std::string_view data = {});
    Made add(const PlanNode& node, const Feeds& feeds, std::unique_ptr<AudioNode> audio_node,
             std::string_view data = {});

    AudioGraph& graph_;
    const GraphOptions& options_;
};

}  // namespace kpm::render

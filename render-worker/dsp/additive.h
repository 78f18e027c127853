#pragma once
// The additive node: partials, each a buffer · envelope · weight, summed by a ChannelMerger.

#include <vector>

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_graph.h"

namespace kpm::render {

struct Partial {
    Curve buffer;
    Curve envelope;
    double weight = 1;
};

// Adds the node's parts to the graph; returns the merger. REQUIRES: at least one partial, all curves of two
// values or more.
AudioGraph::Index add_additive(AudioGraph& graph, const std::vector<Partial>& partials, double duration,
                               const Quirks& quirks);

}  // namespace kpm::render

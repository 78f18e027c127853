#pragma once
// From the plan of a patch and the signals of its network outputs to an AudioGraph. Pure. Connected audio
// nodes add to a parameter's signal. What a node becomes is in node_maker.

#include <vector>

#include "ipc/base/result.h"
#include "render-worker/dsp/quirks.h"
#include "render-worker/genome/audio_plan.h"
#include "render-worker/genome/network_outputs.h"
#include "render-worker/graph/audio_graph.h"

namespace kpm::render {

struct GraphInput {
    const std::vector<PlanNode>& plan;
    const std::vector<NetworkOutput>& outputs;
    const std::vector<Curve>& signals;  // one per output, two samples or more each
};

struct GraphOptions {
    double sample_rate = 48000;
    double duration = 1;         // seconds that the signals last
    std::size_t frames = 48000;  // of the sound
    Pitch pitch;
    std::size_t channels = 2;
    Quirks quirks;
};

// Errors: Invalid (a connection to a parameter or input that the node lacks, an unknown kind of filter or
// oscillator).
Result<AudioGraph> build_graph(const GraphInput& input, const GraphOptions& options);

}  // namespace kpm::render

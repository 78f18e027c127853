#pragma once
// From the plan of a patch and the signals of its network outputs to an AudioGraph. Pure.
// Where a signal goes: `buffer` of a buffer source (the last one counts), `buffer` and `mix` of a wavetable,
// `partialBuffer` and `partialGainEnvelope` of an additive node; any other name is a parameter of the node,
// which then follows the signal over the whole duration (again the last one counts). A connection with a
// range [lo, hi] gives (s + 1) / 2 · (hi - lo) + lo in place of s. Connected audio nodes add to a parameter's
// signal.

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
    double duration = 1;  // seconds
    Pitch pitch;
    std::size_t channels = 2;
    Quirks quirks;
};

// Errors: Invalid, for a node type that this renderer lacks.
Result<void> check_supported(const std::vector<PlanNode>& plan);

// REQUIRES: check_supported(plan). Errors: Invalid (a connection to a parameter or input that the node
// lacks).
Result<AudioGraph> build_graph(const GraphInput& input, const GraphOptions& options);

}  // namespace kpm::render

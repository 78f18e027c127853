#pragma once
// The wavetable node: W waves, and a mix signal m that chooses among them. Wave k owns the band of width d =
// 2 / W from k d - 1 on, widened by d / 2 towards its neighbours; inside it the wave's gain falls linearly
// from the band's centre, g = 1 - |centre - m| / d, outside it is 0. Waves · gains are summed by a
// ChannelMerger.

#include <vector>

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_graph.h"

namespace kpm::render {

// The gain curve of wave `wave` of `wave_count`, as long as `mix`.
std::vector<float> wavetable_gains(std::size_t wave, std::size_t wave_count, const std::vector<float>& mix,
                                   const Quirks& quirks);

// Adds the node's parts to the graph; returns the merger. REQUIRES: at least one wave and a mix of two values
// or more.
AudioGraph::Index add_wavetable(AudioGraph& graph, const std::vector<Curve>& waves, const Curve& mix,
                                double duration, const Quirks& quirks);

}  // namespace kpm::render

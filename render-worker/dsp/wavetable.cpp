#include "render-worker/dsp/wavetable.h"

#include <cmath>
#include <memory>

#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/channel_merger.h"
#include "render-worker/dsp/gain.h"

namespace kpm::render {

std::vector<float> wavetable_gains(std::size_t wave, std::size_t wave_count, const std::vector<float>& mix,
                                   const Quirks& quirks) {
    const double width = 2.0 / static_cast<double>(wave_count);
    const double start = static_cast<double>(wave) * width - 1.0;
    const double centre = start + width / 2;
    const double low = start - (wave > 0 ? width / 2 : 0);
    const double high = start + width + (wave + 1 < wave_count ? width / 2 : 0);

    std::vector<float> gains(mix.size());
    for (std::size_t i = 0; i < mix.size(); ++i) {
        const double m = mix[i];
        const bool inside = m > low && m < high;
        const auto gain = static_cast<float>(inside ? 1.0 - std::abs(centre - m) / width : 0.0);
        gains[i] = quirks.wavetable_gain_floor ? static_cast<float>((double{gain} + 1.0) / 2.0) : gain;
    }
    return gains;
}

AudioGraph::Index add_wavetable(AudioGraph& graph, const std::vector<Curve>& waves, const Curve& mix,
                                double duration, const Quirks& quirks) {
    const auto merger = graph.add(std::make_unique<ChannelMerger>(quirks));
    for (std::size_t k = 0; k < waves.size(); ++k) {
        auto gain_node = std::make_unique<Gain>(quirks);
        gain_node->gain().set_curve(
            std::make_shared<const std::vector<float>>(wavetable_gains(k, waves.size(), *mix, quirks)),
            duration);
        const auto gain = graph.add(std::move(gain_node));
        const auto source = graph.add(std::make_unique<BufferSource>(waves[k]));
        graph.connect(gain, merger);
        graph.connect(source, gain);
    }
    return merger;
}

}  // namespace kpm::render

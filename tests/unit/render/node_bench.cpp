#include "node_bench.h"

#include <catch2/catch.hpp>

#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/channel_merger.h"
#include "render-worker/dsp/compressor.h"
#include "render-worker/dsp/gain.h"
#include "render-worker/dsp/oscillator.h"

namespace kpm::render::golden {

Curve input_curve(const std::string& name) {
    return std::make_shared<const std::vector<float>>(node_input(name));
}

Curve scaled(const Curve& curve, double factor) {
    std::vector<float> values;
    for (float v : *curve) values.push_back(static_cast<float>(v * factor));
    return std::make_shared<const std::vector<float>>(values);
}

AudioGraph::Index NodeBench::source(const std::string& name) {
    return add(std::make_unique<BufferSource>(input_curve(name)));
}

AudioGraph::Index NodeBench::gain(double value) {
    const auto index = add(std::make_unique<Gain>(quirks_));
    param(index, "gain").set(static_cast<float>(value));
    return index;
}

AudioGraph::Index NodeBench::oscillator(const std::string& form, double frequency) {
    const auto index = add(std::make_unique<Oscillator>(*wave_form_named(form), kRate, quirks_));
    param(index, "frequency").set(static_cast<float>(frequency));
    return index;
}

AudioGraph::Index NodeBench::filter(const std::string& type, double frequency, double gain) {
    const auto index = add(std::make_unique<Biquad>(*filter_type_named(type), kRate, quirks_));
    param(index, "frequency").set(static_cast<float>(frequency));
    param(index, "gain").set(static_cast<float>(gain));
    return index;
}

DelayEnds NodeBench::delay(double seconds, std::size_t frames) {
    const DelayEnds ends = add_delay(graph_, kRate, frames, quirks_);
    param(ends.output, "delayTime").set(static_cast<float>(seconds));
    return ends;
}

AudioGraph::Index NodeBench::compressor(double threshold, double knee, double ratio, double attack,
                                        double release) {
    const auto index = add(std::make_unique<Compressor>(kRate, quirks_));
    param(index, "threshold").set(static_cast<float>(threshold));
    param(index, "knee").set(static_cast<float>(knee));
    param(index, "ratio").set(static_cast<float>(ratio));
    param(index, "attack").set(static_cast<float>(attack));
    param(index, "release").set(static_cast<float>(release));
    return index;
}

AudioGraph::Index NodeBench::merger(double sine_gain, bool with_noise) {
    const auto merger = add(std::make_unique<ChannelMerger>(quirks_));
    chain({source("sine"), gain(sine_gain), merger});
    if (with_noise) chain({source("noise"), gain(0.25), merger});
    return merger;
}

void NodeBench::chain(std::initializer_list<Index> nodes) {
    for (auto node = nodes.begin(); node + 1 != nodes.end(); ++node) graph_.connect(*node, *(node + 1));
}

void NodeBench::play(std::initializer_list<Index> nodes) {
    chain(nodes);
    out(*(nodes.end() - 1));
}

std::vector<float> NodeBench::render(std::size_t frames) {
    const CancelFlag go_on{false};
    const auto channels = graph_.render(frames, go_on);
    REQUIRE(channels);
    std::vector<float> all;
    for (const auto& channel : *channels) all.insert(all.end(), channel.begin(), channel.end());
    return all;
}

}  // namespace kpm::render::golden

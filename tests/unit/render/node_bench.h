#pragma once
// Small audio graphs over the inputs of the node cases, put together by hand.

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "golden.h"
#include "render-worker/dsp/biquad.h"
#include "render-worker/dsp/delay.h"
#include "render-worker/graph/audio_graph.h"

namespace kpm::render::golden {

inline constexpr double kRate = 16000;
inline constexpr std::size_t kFrames = 4096;
inline constexpr double kDuration = kFrames / kRate;

Curve input_curve(const std::string& name);
Curve scaled(const Curve& curve, double factor);

class NodeBench {
public:
    using Index = AudioGraph::Index;

    explicit NodeBench(std::size_t channels = 1, Quirks quirks = {})
        : graph_(kRate, channels), quirks_(quirks) {}

    Index source(const std::string& name);
    Index gain(double value);
    Index oscillator(const std::string& form, double frequency);
    Index filter(const std::string& type, double frequency, double gain = 0);
    DelayEnds delay(double seconds, std::size_t frames = kFrames);
    Index compressor(double threshold, double knee, double ratio, double attack, double release);
    // A 5.1 merger with sine · sine_gain on its first input, and noise · 0.25 too if asked for.
    Index merger(double sine_gain, bool with_noise);
    Index add(std::unique_ptr<AudioNode> node) { return graph_.add(std::move(node)); }

    const Quirks& quirks() const { return quirks_; }
    AudioGraph& graph() { return graph_; }
    AudioParam& param(Index index, const char* name) { return *graph_.node(index).param(name); }
    void follow(Index index, const char* name, const Curve& curve) {
        param(index, name).set_curve(curve, kDuration);
    }
    void chain(std::initializer_list<Index> nodes);
    void modulate(Index from, Index to, const char* name) { graph_.connect_param(from, to, param(to, name)); }
    void out(Index node) { graph_.connect(node, AudioGraph::kDestination); }
    // A chain that ends at the destination.
    void play(std::initializer_list<Index> nodes);

    // All channels, one after the other.
    std::vector<float> render(std::size_t frames);

private:
    AudioGraph graph_;
    Quirks quirks_;
};

}  // namespace kpm::render::golden

#pragma once
// A parameter of an audio node (AudioParam of the Web Audio specification): a constant, a curve over time or
// exponential approaches to values, plus what is connected to it, clamped to the parameter's range. The node
// that has it computes it once per block.

#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "render-worker/graph/quantum.h"

namespace kpm::render {

// When a block starts. Times inside a block are counted on by adding 1 / sample_rate, as the reference does.
struct BlockTime {
    std::size_t frame = 0;
    double sample_rate = 48000;

    double start() const { return static_cast<double>(frame) / sample_rate; }
    double step() const { return 1.0 / sample_rate; }
};

// Evenly spaced values; shared, because one signal often feeds several places.
using Curve = std::shared_ptr<const std::vector<float>>;

class AudioParam {
public:
    struct Limits {
        float initial = 0;  // also what a NaN becomes
        float min = 0;
        float max = 0;
    };

    AudioParam(Limits limits, bool first_channel_modulates);

    void set(float value) { value_ = value; }
    // From `start` on (seconds) towards `target`: v(t) = target + (v(start) - target) · e^-((t - start) /
    // constant).
    struct Approach {
        double start = 0;
        float target = 0;
        double constant = 0;  // seconds
    };
    // One approach after the other, by start, from the value set. In place of a curve.
    void approach(std::vector<Approach> approaches) { approaches_ = std::move(approaches); }
    // The curve from time 0 on, over `duration` seconds; then its last value. REQUIRES: at least two values,
    // fewer than 2^31.
    void set_curve(Curve curve, double duration);

    const ChannelRule& input_rule() const { return rule_; }
    Quantum& input() { return input_; }

    // Takes the input and leaves it silent. One value if it is constant in this block, else one per frame.
    std::span<const float> compute(const BlockTime& time);

private:
    float clamped(float value) const;
    bool fill_from_curve(const BlockTime& time);
    bool fill_from_approaches(const BlockTime& time);

    Limits limits_;
    ChannelRule rule_;
    float value_;
    Curve curve_;
    double duration_ = 0;
    std::vector<Approach> approaches_;
    std::size_t approach_ = 0;  // the one that is going on
    Quantum input_;
    std::array<float, kQuantum> values_{};
};

}  // namespace kpm::render

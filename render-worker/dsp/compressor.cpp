#include "render-worker/dsp/compressor.h"

#include <cmath>
#include <limits>

namespace kpm::render {
namespace {

constexpr std::size_t kWidest = 2;    // channels
constexpr float kLookAhead = 0.006F;  // seconds

float to_decibels(float value) {
    return value == 0.0F ? -1000.0F : 20.0F * std::log10(value);
}

float from_decibels(float value) {
    return std::pow(10.0F, value / 20.0F);
}

std::size_t ring_blocks(double sample_rate) {
    const float blocks = static_cast<float>(sample_rate) * kLookAhead / float{kQuantum};
    return static_cast<std::size_t>(std::ceil(blocks)) + 1;
}

float loudest(const Quantum& block, std::size_t i) {
    float max = std::numeric_limits<float>::lowest();
    for (std::size_t c = 0; c < block.channels; ++c) {
        const float size = std::abs(block.samples[c][i]);
        if (size > max) max = size;
    }
    return max;
}

}  // namespace

Compressor::Compressor(double sample_rate, const Quirks& quirks)
    : AudioNode({ChannelRule::Count::ClampedMax, kWidest, false}, 1),
      threshold_({-24, -100, 0}, quirks.first_channel_modulates),
      knee_({30, 0, 40}, quirks.first_channel_modulates),
      ratio_({12, 1, 20}, quirks.first_channel_modulates),
      attack_({0.003F, 0, 1}, quirks.first_channel_modulates),
      release_({0.25F, 0, 1}, quirks.first_channel_modulates),
      delayed_(ring_blocks(sample_rate)) {}

AudioParam* Compressor::param(std::string_view name) {
    if (name == "threshold") return &threshold_;
    if (name == "knee") return &knee_;
    if (name == "ratio") return &ratio_;
    if (name == "attack") return &attack_;
    return name == "release" ? &release_ : nullptr;
}

Compressor::Shape Compressor::shape_of(const BlockTime& time) {
    const auto rate = static_cast<float>(time.sample_rate);
    const float knee = knee_.compute(time)[0];
    float threshold = threshold_.compute(time)[0];
    if (knee > 0.0F) threshold += knee / 2.0F;

    Shape shape{};
    shape.threshold = threshold;
    shape.half_knee = knee / 2.0F;
    shape.ratio = ratio_.compute(time)[0];
    shape.knee_factor = knee > 0.0F ? (1.0F / shape.ratio - 1.0F) / (2.0F * knee) : 0.0F;
    // Of a time of 0 seconds: exp of minus infinity, 0.
    shape.attack = std::exp(-1.0F / (attack_.compute(time)[0] * rate));
    shape.release = std::exp(-1.0F / (release_.compute(time)[0] * rate));
    const float full_range = threshold + -threshold / shape.ratio;
    shape.make_up = to_decibels(std::pow(1.0F / from_decibels(full_range), 0.6F));
    return shape;
}

void Compressor::detect(const Quantum& in, const Shape& s, std::array<float, kQuantum>& gains) {
    float d = detector_;
    for (std::size_t i = 0; i < kQuantum; ++i) {
        const float x = to_decibels(in.silent ? 0.0F : loudest(in, i));
        float y = s.threshold + (x - s.threshold) / s.ratio;
        if (x <= s.threshold - s.half_knee) {
            y = x;
        } else if (x <= s.threshold + s.half_knee) {
            const float over = x - s.threshold + s.half_knee;
            y = x + over * over * s.knee_factor;
        }
        const float attenuation = x - y;
        const float c = attenuation > d ? s.attack : s.release;
        d = c * d + (1.0F - c) * attenuation;
        gains[i] = -1.0F * d + s.make_up;
    }
    detector_ = d;
}

void Compressor::process(const BlockTime& time) {
    const Quantum& in = inputs()[0];
    std::array<float, kQuantum> gains;
    detect(in, shape_of(time), gains);

    delayed_[next_].assign(in);
    next_ = (next_ + 1) % delayed_.size();
    Quantum& out = output();
    out.assign(delayed_[next_]);
    if (out.silent) return out.make_silent();
    for (float& gain : gains) gain = from_decibels(gain);
    for (std::size_t c = 0; c < out.channels; ++c)
        for (std::size_t i = 0; i < kQuantum; ++i) out.samples[c][i] *= gains[i];
}

}  // namespace kpm::render
